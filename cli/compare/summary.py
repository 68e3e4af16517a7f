"""What the trials of a comparison say together: means, intervals and paired tests."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from common.names import EVAL, OVERALL
from models.metrics.names import COMPARED, GAUC, SMALLER_IS_BETTER
from models.metrics.significance import (
    Interval,
    PairedDifference,
    holm,
    mean_interval,
    paired_difference,
)
from models.trials.result import TrialResult

MEAN = "mean over outputs"
"""Stands for the mean over the outputs of a metric over all scenarios."""

SIGNIFICANT = 0.05
FEWEST = 30
"""A cell with fewer positives or negatives, or for GAUC fewer users, is shown but not tested."""

Cell = tuple[str, str, str]
"""Output (or MEAN), scenario (or OVERALL), metric."""


@dataclasses.dataclass(frozen=True)
class CellSummary:
    """One model in one cell.

    Attributes:
      model: the model's name.
      output: the output, or MEAN.
      scenario: the scenario, or OVERALL.
      metric: `auc`, `gauc` or `logloss`.
      values: seed -> the metric.
      interval: over the seeds.
      difference: to the baseline, paired by seed; None for the baseline itself.
      p_holm: the difference's p, adjusted for the number of tested cells of this model and
        metric; NaN where it is not tested.
      standing: `best` for the best mean of the cell; `tied` where a t-test paired by seed does
        not tell it from the best (p >= 0.05, or a single seed); `behind` otherwise, and ""
        where the metric is undefined or the cell not tested.
      positives: of the eval rows of the cell; 0 for MEAN.
      negatives: the same.
      users: those that have both classes among the rows of the cell; 0 for MEAN.
    """

    model: str
    output: str
    scenario: str
    metric: str
    values: dict[int, float]
    interval: Interval
    difference: PairedDifference | None
    p_holm: float
    standing: str
    positives: int
    negatives: int
    users: int

    @property
    def tested(self) -> bool:
        """Whether the cell has rows enough that a difference can mean something."""
        if self.output == MEAN:
            return True
        return _tested(self.metric, self.positives, self.negatives, self.users)

    @property
    def cell(self) -> Cell:
        """Where it stands."""
        return self.output, self.scenario, self.metric

    @property
    def significant(self) -> bool:
        """Whether it differs from the baseline after Holm's adjustment."""
        return self.p_holm < SIGNIFICANT


@dataclasses.dataclass(frozen=True)
class ModelSummary:
    """What a model costs.

    Attributes:
      model: the model's name.
      seeds: of its finished trials.
      parameters: trainable parameters.
      network_parameters: those outside of the embedding tables and the wide part.
      seconds: mean wall time of a training; NaN where every one was stopped in between.
      latency_ms: median over the seeds.
      examples: rows that each training saw.
      epochs: epochs of each training.
    """

    model: str
    seeds: tuple[int, ...]
    parameters: int
    network_parameters: int
    seconds: float
    latency_ms: float
    examples: int
    epochs: int


def summarise_models(results: Sequence[TrialResult]) -> list[ModelSummary]:
    """Summarises every model with a finished trial, in the order of the results."""
    found = []
    for model, trials in _by_model(results).items():
        seconds = [trial.seconds for trial in trials if trial.seconds is not None]
        found.append(
            ModelSummary(
                model=model,
                seeds=tuple(trial.seed for trial in trials),
                parameters=trials[0].parameters,
                network_parameters=trials[0].network_parameters,
                seconds=statistics.mean(seconds) if seconds else math.nan,
                latency_ms=statistics.median(trial.latency_ms for trial in trials),
                examples=trials[0].examples,
                epochs=trials[0].epochs,
            )
        )
    return found


def summarise_cells(results: Sequence[TrialResult], baseline: str) -> list[CellSummary]:
    """Summarises every model in every cell, the cells in one order for all models."""
    if not results:
        return []
    by_model = _by_model(results)
    cells = _cells(results[0])
    values = {
        model: {cell: {trial.seed: _value(trial, cell) for trial in trials} for cell in cells}
        for model, trials in by_model.items()
    }
    counts = {cell: _counts(results[0], cell) for cell in cells}
    tested = [cell for cell in cells if cell[0] == MEAN or _tested(cell[2], *counts[cell])]
    standings = {cell: _standings(cell, values) for cell in tested}
    found = []
    for model in by_model:
        differences = {
            cell: paired_difference(values[model][cell], values[baseline][cell])
            for cell in cells
            if model != baseline and baseline in values
        }
        adjusted = _adjusted({cell: x for cell, x in differences.items() if cell in standings})
        for cell in cells:
            output, scenario, metric = cell
            positives, negatives, users = counts[cell]
            found.append(
                CellSummary(
                    model=model,
                    output=output,
                    scenario=scenario,
                    metric=metric,
                    values=values[model][cell],
                    interval=mean_interval(list(values[model][cell].values())),
                    difference=differences.get(cell),
                    p_holm=adjusted.get(cell, math.nan),
                    standing=standings[cell][model] if cell in standings else "",
                    positives=positives,
                    negatives=negatives,
                    users=users,
                )
            )
    return found


def _by_model(results: Iterable[TrialResult]) -> dict[str, list[TrialResult]]:
    found: dict[str, list[TrialResult]] = {}
    for result in results:
        found.setdefault(result.model, []).append(result)
    return found


def _cells(result: TrialResult) -> list[Cell]:
    outputs = result.metrics[EVAL]
    cells = [(MEAN, OVERALL, metric) for metric in COMPARED]
    for output, scenarios in outputs.items():
        cells += [(output, scenario, metric) for scenario in scenarios for metric in COMPARED]
    return cells


def _counts(trial: TrialResult, cell: Cell) -> tuple[int, int, int]:
    """Positives, negatives and users of the eval rows of a cell."""
    found = trial.metrics[EVAL].get(cell[0], {}).get(cell[1], {})
    positives, negatives, users = (
        int(found.get(name, 0)) for name in ("positives", "negatives", "users")
    )
    return positives, negatives, users


def _tested(metric: str, positives: int, negatives: int, users: int) -> bool:
    return min(positives, negatives) >= FEWEST and (metric != GAUC or users >= FEWEST)


def _value(trial: TrialResult, cell: Cell) -> float:
    output, scenario, metric = cell
    outputs = trial.metrics[EVAL]
    if output != MEAN:
        return outputs[output][scenario][metric]
    overall = [scenarios[OVERALL][metric] for scenarios in outputs.values()]
    defined = [value for value in overall if not math.isnan(value)]
    return statistics.mean(defined) if defined else math.nan


def _adjusted(differences: Mapping[Cell, PairedDifference]) -> dict[Cell, float]:
    """Holm's adjustment over the cells of each metric; MEAN is one question of its own."""
    found = {cell: difference.p for cell, difference in differences.items() if cell[0] == MEAN}
    for metric in COMPARED:
        cells = [cell for cell in differences if cell[2] == metric and cell[0] != MEAN]
        found |= holm({cell: differences[cell].p for cell in cells})
    return found


def _standings(cell: Cell, values: Mapping[str, Mapping[Cell, dict[int, float]]]) -> dict[str, str]:
    means = {
        model: mean_interval(list(cells[cell].values())).mean for model, cells in values.items()
    }
    defined = [model for model, mean in means.items() if not math.isnan(mean)]
    found = dict.fromkeys(values, "")
    if not defined:
        return found
    smaller_is_better = cell[2] in SMALLER_IS_BETTER
    best = min(defined, key=lambda model: means[model] if smaller_is_better else -means[model])
    for model in defined:
        p = paired_difference(values[model][cell], values[best][cell]).p
        found[model] = "behind" if p < SIGNIFICANT else "tied"
    found[best] = "best"
    return found
