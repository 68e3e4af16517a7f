"""Raw rows with the scores that a server would give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from common.names import SERVING_DEFAULT
from components.common.raw_rows import RawBatch
from serving.loader import load


def scored_batches(
    model_path: str, batches: Iterable[RawBatch], outputs: Sequence[str]
) -> Iterator[tuple[RawBatch, dict[str, np.ndarray]]]:
    """Scores rows by a SavedModel's signature `serving_default`.

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
            yield batch, signature.run({name: batch.serialized}, outputs)
    finally:
        model.close()
