"""Raw rows with the scores that a server would give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from common.names import SERVING_DEFAULT
from components.common.raw_rows import RawBatch
from models.datasets.full_batches import STEP, full_size
from serving.loading.loader import load


def scored_batches(
    model_path: str, batches: Iterable[RawBatch], outputs: Sequence[str]
) -> Iterator[tuple[RawBatch, dict[str, np.ndarray]]]:
    """Scores rows by a SavedModel's signature `serving_default`, as the Evaluator does.

    Batches of one size (`models.datasets.full_batches`) give equal rows equal scores.

    Args:
      model_path: the SavedModel's folder.
      batches: of B rows each.
      outputs: their names.

    Yields:
      Each batch with its scores: output -> float32 [B].

    Raises:
      ModelLoadError: the model can't be loaded.
    """
    model = load(model_path)
    try:
        signature = model.signatures[SERVING_DEFAULT]
        (name,) = signature.spec.inputs
        for batch in batches:
            rows = len(batch.serialized)
            # The last row fills the last of them up.
            positions = np.minimum(np.arange(full_size(rows)), rows - 1).reshape(-1, STEP)
            parts = [signature.run({name: batch.serialized[at]}, outputs) for at in positions]
            yield (
                batch,
                {output: np.concatenate([x[output] for x in parts])[:rows] for output in outputs},
            )
    finally:
        model.close()
