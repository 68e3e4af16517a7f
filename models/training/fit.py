"""What the Trainer and a trial share: making, calibrating and recording the ranker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tf_keras as keras

from common.json_files import write_json
from models.calibration.fitting import calibrate
from models.config import ModelConfig, TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.datasets.streamed import StreamedRows
from models.export.explained_rows import write_explanation_of
from models.features.inputs import InputLayout
from models.ranker import Ranker
from schemas.task_graph import TaskGraph


def ranker_maker(
    layout: InputLayout,
    tasks: TaskGraph,
    model: ModelConfig,
    training: TrainingConfig,
    rows: InMemorySplit | StreamedRows,
    base_rates: Mapping[str, float],
) -> Callable[[], Ranker]:
    """Returns a function that makes the ranker, each time the same but for its initial weights.

    Args:
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.
      model: the architecture's settings.
      training: how it is trained.
      rows: the train split, whose values are counted once where the model needs that.
      base_rates: what its towers start from; see `starting_rates`.
    """
    # Dropout then draws from generators whose state a checkpoint can hold.
    keras.backend.experimental.enable_tf_random_generator()
    scenarios = len(layout.scenarios) if model.counts_by_scenario else None
    counts = rows.value_counts(layout.fields, scenarios) if model.counts_values else None
    return lambda: Ranker(layout, tasks, model, training, base_rates, counts)


def write_record(
    ranker: Ranker, history: Mapping[str, Any], validation: InMemorySplit, folder: str
) -> None:
    """Writes `history.json` and `explain.json` into `folder`.

    Args:
      ranker: the trained model; with its last weights, not in its last form.
      history: what `TrainingLoop.run` has returned.
      validation: its validation rows.
      folder: where to.
    """
    write_json(f"{folder}/history.json", history)
    write_explanation_of(ranker, validation, folder)


def write_calibration(
    ranker: Ranker, history: Mapping[str, Any], validation: InMemorySplit, folder: str
) -> bool:
    """Calibrates the model as its training asks for; `history.json` gets the fit.

    A training that was stopped in the meantime fits the same again.

    Args:
      ranker: the trained model in its last form.
      history: what `TrainingLoop.run` has returned.
      validation: its validation rows.
      folder: that of `write_record`.

    Returns:
      Whether the model has changed.
    """
    fit = calibrate(ranker, validation, ranker.training_config)
    if fit is not None:
        write_json(f"{folder}/history.json", {**history, "calibration": fit})
    return fit is not None
