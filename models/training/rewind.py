"""A return to earlier weights, after which training starts again (lottery-ticket rewinding)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.ranker import Ranker


def rewind(ranker: Ranker, weights: Sequence[np.ndarray], learning_rate: float | None) -> None:
    """Puts earlier weights back, but what the architecture keeps, and makes fresh optimizers.

    Args:
      ranker: the model.
      weights: what `ranker.get_weights()` was then.
      learning_rate: the main optimizer's rate from now on; None for the training's.
    """
    kept = [(variable, variable.numpy()) for variable in ranker.architecture.kept_through_rewind]
    ranker.set_weights(weights)
    for variable, value in kept:
        variable.assign(value)
    ranker.start_optimizers(learning_rate)
