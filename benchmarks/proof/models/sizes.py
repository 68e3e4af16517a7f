"""How many parameters the networks of the compared models have, on a log's columns.

    python -m benchmarks.proof.models.sizes [--models mmoe ple]

A network is all that is trained but the tables: embeddings and the wide part's weights, which
all models have alike. Its size follows from the columns alone, not from how many values they
have, so that no log has to be drawn to count it.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.proof.models.settings import COMPARED, MODELS, NETWORK_PARAMETERS
from benchmarks.proof.tables import markdown
from data.synthetic.columns import contract
from models.config import TrainingConfig
from models.features.inputs import InputLayout
from models.features.layout import build_input_layout
from models.ranker import Ranker
from models.registry import parse_model_config
from schemas.contract import Contract
from schemas.task_graph import TaskGraph

_WIDTHS = (
    "units",
    "bottom_units",
    "scenario_units",
    "expert_units",
    "task_expert_units",
    "interaction_units",
    "encoder_units",
)
"""The settings that `scaled` changes; towers and gates stay as they are."""

_TOWERS = "tower_units"
"""What it changes where a model has none of them, but towers that read the inputs."""

_MULTIPLE = 4  # Of an expert's last width: CSII's heads divide it.


class _Vocabularies:
    """Sizes of the tables of learned ids where no log was read."""

    def __init__(self, size: int) -> None:
        self._size = size

    def vocabulary_size_by_name(self, name: str) -> int:
        del name
        return self._size


def columns_of(log: Contract, ids: int = 1) -> InputLayout:
    """Returns a log's inputs.

    Args:
      log: its columns.
      ids: values of each column whose values are learned from the log.
    """
    return build_input_layout(log, _Vocabularies(ids))


def make_ranker(
    model: dict[str, Any],
    layout: InputLayout,
    tasks: TaskGraph,
    training: TrainingConfig | None = None,
) -> Ranker:
    """Makes a model that can be counted, or trained on some batches.

    Args:
      model: values of its config.
      layout: the inputs.
      tasks: the labels.
      training: how it is trained; None for the defaults.
    """
    config = parse_model_config(model)
    scenarios = (len(layout.scenarios),) if config.counts_by_scenario else ()
    # Any counts do: they weigh the penalty on tables.
    counts = {field.name: np.ones((*scenarios, field.size), np.int64) for field in layout.fields}
    return Ranker(layout, tasks, config, training or TrainingConfig(), value_counts=counts)


def network_parameters(ranker: Ranker) -> int:
    """Counts what is trained outside of the tables, as `TrialResult.network_parameters` does."""
    return _size(ranker.trainable_variables) - _size(ranker.tables)


def scaled(model: dict[str, Any], factor: float) -> dict[str, Any]:
    """Returns a model's values with all widths but those of towers and gates times `factor`.

    Of a model that has towers alone, such as ESMM, it is their widths.
    """
    found = dict(model)
    for key in set(_WIDTHS) & set(model) or {_TOWERS} & set(model):
        widths = [max(1, round(width * factor)) for width in model[key]]
        if len(widths) > 1:
            widths[-1] = _MULTIPLE * max(1, round(model[key][-1] * factor / _MULTIPLE))
        found[key] = tuple(widths)
    return found


def fitted(
    model: dict[str, Any],
    parameters: int,
    count: Callable[[dict[str, Any]], int],
    tries: int = 6,
) -> dict[str, Any]:
    """Returns the model scaled so that its network has about so many parameters.

    Args:
      model: values of its config.
      parameters: how many.
      count: of a model's values, the parameters of its network.
      tries: models that are counted at most.

    Returns:
      Of the models that were counted the one nearest to it.
    """
    factor, counted = 1.0, {}
    for _ in range(tries):
        made = scaled(model, factor)
        size = count(made)
        counted[abs(size - parameters)] = made
        # Between linear and quadratic: the inputs' kernels dominate.
        following = factor * (parameters / size) ** 0.85
        if scaled(model, following) == made:
            break
        factor = following
    return counted[min(counted)]


def _size(variables: list[Any]) -> int:
    return sum(int(variable.shape.num_elements()) for variable in variables)


def main() -> None:
    """Prints a row a model."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--models", nargs="*", default=list(COMPARED), choices=list(MODELS))
    rows = []
    for label in options.parse_args().models:
        ranker = make_ranker(MODELS[label], columns_of(contract()), contract().tasks)
        found = network_parameters(ranker)
        rows.append([label, f"{found:,}", f"{found / NETWORK_PARAMETERS - 1:+.1%}"])
    print(markdown(["model", "network parameters", "of the common size"], rows))


if __name__ == "__main__":
    main()
