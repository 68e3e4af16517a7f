"""Trainings that keep what they scored after every epoch, so that monitors can be compared.

One training serves every monitor: which epoch a monitor keeps follows from the epochs' validation
scores, and what that epoch is worth from its noise-free AUC.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np

from benchmarks.proof.trainings.soft_metrics import soft_aucs
from benchmarks.proof.worlds.rows import BALANCED, load_rows
from common.atomic_files import whole_file
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY
from models.npz_files import write_npz
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.checkpointing.state import TrainingState
from models.training.fit import ranker_maker
from models.training.loop import TrainingLoop
from models.training.scoring import make_scorer


@dataclasses.dataclass(frozen=True)
class EpochScores:
    """What a training without early stopping scored after each of its E epochs.

    Attributes:
      scores: output -> the validation rows' scores, float32 [E, N].
      aucs: quantity -> noise-free AUC of every scenario, float64 [E, K].
    """

    scores: dict[str, np.ndarray]
    aucs: dict[str, np.ndarray]


class _Recorder(Checkpoints):
    """Looks at the model wherever the loop would save it; saves nothing."""

    def __init__(self, place: pathlib.Path, ranker: Ranker, batch_size: int) -> None:
        data, truth = load_rows(place)
        # Half of them, which are precise enough and are scored once an epoch.
        half = np.arange(0, len(data.extra[BALANCED]), 2)
        self._truth = {name: values[half] for name, values in truth.items()}
        self._validation, self._balanced = data.validation, data.extra[BALANCED].at(half)
        self._scenarios = len(data.layout.scenarios)
        self._score = make_scorer(ranker, self._validation, batch_size)
        self._epochs = 0
        self.scores: list[dict[str, np.ndarray]] = []
        self.aucs: list[dict[str, np.ndarray]] = []

    def restore(self) -> TrainingState | None:
        return None

    def save(self, state: TrainingState) -> None:
        if state.epoch == self._epochs:
            return
        self._epochs = state.epoch
        self.scores.append(self._score(self._validation))
        scenario = self._balanced.column(SCENARIO_KEY)
        self.aucs.append(
            soft_aucs(self._score(self._balanced), self._truth, scenario, self._scenarios)
        )


def epoch_scores(
    place: pathlib.Path, model: dict[str, Any], training: dict[str, Any], file: pathlib.Path
) -> EpochScores:
    """Trains once, unless `file` holds the outcome, and returns it.

    Args:
      place: what `world_rows` returned.
      model: values of the model config.
      training: values of the training config; no epoch is left out, whatever its patience.
      file: keeps the outcome for the next call.
    """
    if not file.is_file():
        data, _ = load_rows(place)
        config = TrainingConfig(**training)
        config = config.model_copy(update={"patience": config.max_epochs, "devices": "one"})
        ranker = ranker_maker(
            data.layout, data.tasks, parse_model_config(model), config, data.train, data.base_rates
        )()
        recorder = _Recorder(place, ranker, config.batch_size)
        log = file.with_suffix(".log")
        TrainingLoop(ranker, data.train, data.validation, config, recorder, str(log)).run()
        scores = {
            f"score:{o}": np.stack([e[o] for e in recorder.scores]) for o in recorder.scores[0]
        }
        aucs = {f"auc:{q}": np.stack([e[q] for e in recorder.aucs]) for q in recorder.aucs[0]}
        with whole_file(file) as unfinished, pathlib.Path(unfinished).open("wb") as opened:
            write_npz(opened, {**scores, **aucs})
    with np.load(file) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    parts = {
        kind: {n.removeprefix(kind): x for n, x in found.items() if n.startswith(kind)}
        for kind in ("score:", "auc:")
    }
    return EpochScores(parts["score:"], parts["auc:"])
