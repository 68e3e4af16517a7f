"""What the rows of one scenario are worth for another: differences of AUC paired by seed."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cli.compare.summary import FEWEST, MEAN, SIGNIFICANT
from cli.compare.transfer.variants import Variant
from common.names import EVAL
from models.metrics.names import AUC, NEGATIVES, POSITIVES
from models.metrics.significance import (
    Interval,
    PairedDifference,
    holm,
    mean_interval,
    paired_difference,
)
from models.trials.result import TrialResult

From = Literal["other", "itself", "others"]
Trials = Mapping[Variant, Mapping[int, TrialResult]]
"""Variant -> seed -> its finished trial."""


@dataclasses.dataclass(frozen=True)
class Gain:
    """What some rows add to the AUC of a scenario.

    Attributes:
      output: the output, or MEAN: over the outputs with enough eval rows in that scenario.
      scenario: whose eval rows are ranked.
      source: whose rows are added; "" for those of all others together.
      kind: `other`: the AUC of the joint model less that of a training without the source's rows;
        `itself`: the same for the scenario's own rows; `others`: the AUC of the joint model less
        that of a training on the scenario's own rows alone.
      values: seed -> the gain.
      difference: over the seeds, paired.
      p_holm: adjusted for the number of tested gains of this output and kind; NaN if not tested.
      tested: whether the scenario's eval rows have `FEWEST` positives and negatives.
    """

    output: str
    scenario: str
    source: str
    kind: From
    values: dict[int, float]
    difference: PairedDifference
    p_holm: float
    tested: bool

    @property
    def interval(self) -> Interval:
        """Mean and 95 % interval of the gain."""
        return self.difference.interval

    @property
    def significant(self) -> bool:
        """Whether the gain differs from 0 after Holm's adjustment."""
        return self.p_holm < SIGNIFICANT

    @property
    def sign(self) -> int:
        """1 or -1 for a significant gain or loss, otherwise 0."""
        return int(math.copysign(1, self.interval.mean)) if self.significant else 0


@dataclasses.dataclass(frozen=True)
class Matrix:
    """All gains of a study.

    Attributes:
      scenarios: the names, in the contract's order.
      outputs: MEAN, then the outputs' names.
      seeds: of the joint trainings.
      joint: (output, scenario) -> AUC of the joint model over the seeds.
      gains: every output's.
    """

    scenarios: tuple[str, ...]
    outputs: tuple[str, ...]
    seeds: tuple[int, ...]
    joint: dict[tuple[str, str], Interval]
    gains: tuple[Gain, ...]

    def gain(self, output: str, scenario: str, source: str) -> Gain | None:
        """Returns one gain, source "" for that from all others; None where it was not trained."""
        key = (output, scenario, source)
        return next((g for g in self.gains if (g.output, g.scenario, g.source) == key), None)

    def of(self, output: str, scenario: str) -> list[Gain]:
        """Returns the gains of a scenario from each other one."""
        kind: From = "other"
        return [g for g in self.gains if (g.output, g.scenario, g.kind) == (output, scenario, kind)]


def transfer_matrix(trials: Trials, scenarios: Sequence[str]) -> Matrix:
    """Computes all gains.

    Args:
      trials: the joint ones, and those without and of one scenario alone that have finished.
      scenarios: the names, in the contract's order.
    """
    joint = next(seeds for variant, seeds in trials.items() if variant.kind == "joint")
    first = next(iter(joint.values()))
    enough = {
        (output, name): _enough(first, output, name)
        for output in first.metrics[EVAL]
        for name in scenarios
    }
    enough |= {
        (MEAN, name): any(enough[output, name] for output in first.metrics[EVAL])
        for name in scenarios
    }

    def aucs(seeds: Mapping[int, TrialResult], output: str, scenario: str) -> dict[int, float]:
        judged = [output]
        if output == MEAN:
            judged = [x for x in first.metrics[EVAL] if enough[x, scenario]]
        return {
            seed: statistics.mean(found.metrics[EVAL][x][scenario][AUC] for x in judged)
            if judged
            else math.nan
            for seed, found in seeds.items()
        }

    outputs = (MEAN, *first.metrics[EVAL])
    gains = []
    for output in outputs:
        for scenario, source, kind, seeds in _compared(trials, scenarios):
            together = aucs(joint, output, scenario)
            apart = aucs(seeds, output, scenario)
            both = sorted(set(together) & set(apart))
            values = {seed: together[seed] - apart[seed] for seed in both}
            difference = paired_difference(together, apart)
            tested = enough[output, scenario]
            gains.append(Gain(output, scenario, source, kind, values, difference, math.nan, tested))
    intervals = {
        (output, name): mean_interval(list(aucs(joint, output, name).values()))
        for output in outputs
        for name in scenarios
    }
    return Matrix(tuple(scenarios), outputs, tuple(sorted(joint)), intervals, _adjusted(gains))


def _compared(
    trials: Trials, scenarios: Sequence[str]
) -> Iterator[tuple[str, str, From, Mapping[int, TrialResult]]]:
    for scenario in scenarios:
        for variant, seeds in trials.items():
            if variant.kind == "without":
                kind: From = "itself" if variant.scenario == scenario else "other"
                yield scenario, variant.scenario, kind, seeds
            elif variant.kind == "alone" and variant.scenario == scenario:
                yield scenario, "", "others", seeds


def _enough(trial: TrialResult, output: str, scenario: str) -> bool:
    cell = trial.metrics[EVAL][output][scenario]
    return min(cell[POSITIVES], cell[NEGATIVES]) >= FEWEST


def _adjusted(gains: Sequence[Gain]) -> tuple[Gain, ...]:
    """Each output's gains of a kind are one family of tests."""
    found = list(gains)
    for family in {(gain.output, gain.kind) for gain in gains}:
        p = {
            index: gain.difference.p
            for index, gain in enumerate(gains)
            if (gain.output, gain.kind) == family and gain.tested
        }
        for index, adjusted in holm(p).items():
            found[index] = dataclasses.replace(found[index], p_holm=adjusted)
    return tuple(found)
