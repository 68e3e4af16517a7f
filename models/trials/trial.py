"""A trial: one model trained once on shared rows, and judged.

All trials of a comparison have the same budget: each sees every batch of `max_epochs` epochs,
spread over the phases that its architecture has, and none stops early. The weights of the
epoch with the best monitor are kept.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
import time
from typing import Any

import tf_keras as keras

from common.settings import SettingsError
from models.config import ModelConfig, TrainingConfig
from models.ranker import Ranker
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.fit import ranker_maker, write_calibration, write_record
from models.training.loop import TrainingLoop
from models.training.non_finite import DivergedError, where
from models.trials.code import trial_code
from models.trials.data import TrialData
from models.trials.judging import judge
from models.trials.latency import median_latency_ms
from models.trials.result import TrialResult, read_result


def whole_budget(training: TrainingConfig) -> TrainingConfig:
    """Returns the settings under which every model trains all of `max_epochs`, on one device."""
    return training.model_copy(update={"patience": training.max_epochs, "devices": "one"})


def trial_fingerprint(data: str, model: ModelConfig, training: TrainingConfig, code: str) -> str:
    """Digests all that a trial is made from: 32 hexadecimal digits.

    Args:
      data: the fingerprint of the rows.
      model: the architecture's settings.
      training: how it is trained; its `checkpoint_seconds` changes no result.
      code: digest of the source that the model trains with; see `trial_code`.
    """
    settings = whole_budget(training).model_dump(mode="json", exclude={"checkpoint_seconds"})
    facts = [data, model.model_dump(mode="json"), settings, code]
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


def run_trial(
    features: TrialData,
    model: ModelConfig,
    training: TrainingConfig,
    folder: str | pathlib.Path,
    *,
    code: str | None = None,
) -> TrialResult:
    """Trains a model and judges it; leaves `result.json`, `scores.npz` and `explain.json`.

    A trial that `folder` holds already is returned as it is, if it was made from the same
    rows, settings and code; one that was stopped goes on from its checkpoint.

    Args:
      features: the rows.
      model: the architecture's settings.
      training: how it is trained; `patience` and `devices` have no effect.
      folder: of this trial alone.
      code: digest of the source; None for the model's `trial_code`.

    Raises:
      DivergedError: the training has diverged, after some good epochs or before the first.
      BadScoresError: the model's scores of the judged rows are not finite.
      SettingsError: the architecture's phases are not `max_epochs` together, or a setting
        does not fit it.
    """
    folder = pathlib.Path(folder)
    training = whole_budget(training)
    code = code or trial_code(model.name)
    fingerprint = trial_fingerprint(features.fingerprint, model, training, code)
    finished = read_result(folder, fingerprint)
    if finished is not None:
        return finished
    _remove_other_trial(folder, fingerprint)

    ranker = _make_ranker(features, model, training)
    resumed = any((folder / "checkpoints" / fingerprint).glob("*/state.json"))
    checkpoints = Checkpoints(folder / "checkpoints", fingerprint, ranker)
    loop = TrainingLoop(
        ranker, features.train, features.validation, training, checkpoints, str(folder / "log")
    )
    # Before the training: a phase may freeze what an earlier one has trained.
    parameters, tables = _size(ranker.trainable_variables), _size(ranker.tables)
    started = time.perf_counter()
    history = loop.run()
    seconds = time.perf_counter() - started
    _check_whole(history, training.max_epochs)

    write_record(ranker, history, features.validation, str(folder))
    prepared = ranker.prepare_export(features.validation.in_order(training.batch_size))
    write_calibration(ranker, history, features.validation, str(folder))
    metrics = judge(ranker, features, training.batch_size, folder)
    epochs = len(history["epochs"])
    # A last phase without early stopping keeps its last weights.
    picks_best = ranker.architecture.phases(training)[-1].early_stopping
    kept = history["best_epoch"] if picks_best else epochs - 1
    rows_of_an_epoch = history["steps_per_epoch"] * min(training.batch_size, len(features.train))
    result = TrialResult(
        model=model.name,
        seed=training.seed,
        fingerprint=fingerprint,
        parameters=parameters,
        network_parameters=parameters - tables,
        seconds=None if resumed else seconds,
        examples=epochs * rows_of_an_epoch,
        epochs=epochs,
        best_epoch=kept,
        monitor=history["epochs"][kept]["monitor"],
        latency_ms=median_latency_ms(ranker, features.eval),
        prepared=prepared,
        metrics=metrics,
    )
    result.write(folder)
    checkpoints.clear()
    return result


def _remove_other_trial(folder: pathlib.Path, fingerprint: str) -> None:
    """Clears the folder of what another trial left, but for this one's checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").unlink(missing_ok=True)
    for other in (folder / "checkpoints").glob("*"):
        if other.name != fingerprint:
            shutil.rmtree(other)


def _make_ranker(features: TrialData, model: ModelConfig, training: TrainingConfig) -> Ranker:
    make_ranker = ranker_maker(
        features.layout, features.tasks, model, training, features.train, features.base_rates
    )
    ranker = make_ranker()
    phases = ranker.architecture.phases(training)
    epochs = sum(phase.epochs for phase in phases)
    if epochs != training.max_epochs:
        names = ", ".join(f"{phase.name} {phase.epochs}" for phase in phases)
        raise SettingsError(
            f"model '{model.name}' trains {epochs} epochs ({names}) where all models must train "
            f"training.max_epochs = {training.max_epochs}; change its settings"
        )
    return ranker


def _check_whole(history: dict[str, Any], epochs: int) -> None:
    """A model that has diverged has not had the budget of the others: a failed trial too."""
    if history["non_finite"]:
        words = where(history["non_finite"], epochs, history["steps_per_epoch"])
        raise DivergedError(f"the training has diverged {words}; lower training.learning_rate")


def _size(variables: list[keras.Variable]) -> int:
    return sum(int(variable.shape.num_elements()) for variable in variables)
