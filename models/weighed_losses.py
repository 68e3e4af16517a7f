"""Losses of an architecture that count as much as the outputs they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.architecture import Architecture
from models.steps.train_step import TrainStep

if TYPE_CHECKING:
    from models.ranker import Ranker


class WeighedLosses(Architecture):
    """An architecture whose `losses` multiply by `training.loss_weights`.

    The ranker weighs the predictions' losses with them, and leaves an architecture's own losses as
    they are, since it does not know which output one belongs to. `loss_weight` says what an
    output's loss weighs; a loss that belongs to one of weight 0 is left out.
    """

    _loss_weights: tuple[tuple[str, float], ...] = ()

    def train_step(self, ranker: Ranker) -> TrainStep:
        """Makes the usual step, and takes over the weights of the ranker's losses."""
        # Keras would make a wrapper of a dictionary.
        self._loss_weights = tuple(ranker.training_config.loss_weights.items())
        return super().train_step(ranker)

    def loss_weight(self, output: str) -> float:
        """Returns the weight of an output's loss: 1 where the training does not name it."""
        return dict(self._loss_weights).get(output, 1.0)
