"""An architecture of two phases, and a loop that trains it."""

import pathlib
from collections.abc import Sequence
from typing import Any

import pytest
import tensorflow as tf
from small_training import LAYOUT, MODEL, TASKS, made_held_rows

from models.config import TrainingConfig
from models.ranker import Ranker
from models.registry import parse_model_config
from models.schedule import Phase
from models.steps.parameter_groups import ParameterGroup
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.loop import TrainingLoop
from models.zoo.multi_task.shared_bottom import SharedBottom

SEARCH = Phase("search", 2, early_stopping=False, snapshot_at=1)
RETRAIN = Phase("retrain", 2, learning_rate=0.005, rewind=True)


class TwoPhases(SharedBottom):
    """Shared-Bottom that searches, keeps its last layer, and retrains the rest."""

    seen: list[Any]

    def phases(self, training: TrainingConfig) -> tuple[Phase, ...]:
        return SEARCH, RETRAIN

    def start_phase(self, name: str) -> None:
        self.seen.append(name)

    def start_epoch(self, phase: str, epoch: int) -> None:
        self.seen.append((phase, epoch))

    def finish_phase(self, name: str, embeddings: Any) -> None:
        self.seen.append(f"end of {name}")
        self.at_the_end = {v.name: v.numpy() for v in self.variables}

    @property
    def kept_through_rewind(self) -> Sequence[tf.Variable]:
        return self._towers.variables

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        return [ParameterGroup(self._towers.trainable_variables, 0.5)]


def made(
    monkeypatch: pytest.MonkeyPatch, folder: pathlib.Path, **options: Any
) -> tuple[Ranker, TrainingLoop]:
    monkeypatch.setattr("models.registry._REGISTERED", {"shared_bottom": (TwoPhases, _config())})
    TwoPhases.seen = []
    training = TrainingConfig(
        batch_size=64, learning_rate=0.01, max_epochs=4, patience=9, optimizer="sgd", **options
    )
    ranker = Ranker(LAYOUT, TASKS, parse_model_config(MODEL), training)
    rows, validation = made_held_rows(128, seed=1), made_held_rows(100, seed=2)
    checkpoints = Checkpoints(folder, "run", ranker)
    return ranker, TrainingLoop(ranker, rows, validation, training, checkpoints, str(folder / "l"))


def _config() -> Any:
    return type(parse_model_config(MODEL))
