"""Tables of claims: means over seeds with 95 % intervals, differences paired by seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from benchmarks.proof.trainings.trials import Judged
from models.metrics.significance import Interval, mean_interval, paired_difference
from models.trials.result import TrialResult

Value = Callable[[Judged], float]


class Variant(Protocol):
    """Which training it is."""

    @property
    def label(self) -> str:
        """The variant's name in tables."""

    @property
    def seed(self) -> int:
        """The seed, by which differences are paired."""


class Trained(Protocol):
    """A finished training."""

    @property
    def wanted(self) -> Variant:
        """Which."""

    @property
    def result(self) -> TrialResult:
        """What the trial measured."""


T = TypeVar("T", bound=Trained)


def shown(interval: Interval, digits: int = 4) -> str:
    """Writes `mean ± half`, or the mean alone of one seed; nothing where there is no value."""
    if math.isnan(interval.mean):
        return ""
    if math.isnan(interval.half):
        return f"{interval.mean:.{digits}f}"
    return f"{interval.mean:.{digits}f} ± {interval.half:.{digits}f}"


def by_label(judged: Sequence[T]) -> dict[str, dict[int, T]]:
    """Groups trials: label -> seed -> trial, in the order given."""
    found: dict[str, dict[int, T]] = {}
    for one in judged:
        found.setdefault(one.wanted.label, {})[one.wanted.seed] = one
    return found


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Writes a table; the columns after the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def means(judged: Sequence[T], values: Mapping[str, Callable[[T], float]], digits: int = 4) -> str:
    """A row a label with the mean of every value, and the network's parameters."""
    rows = []
    for label, seeds in by_label(judged).items():
        cells = [
            shown(mean_interval([value(one) for one in seeds.values()]), digits)
            for value in values.values()
        ]
        size = next(iter(seeds.values())).result.network_parameters
        rows.append([label, *cells, f"{size:,}"])
    return markdown(["model", *values, "network parameters"], rows)


def differences(
    judged: Sequence[T], baseline: str, values: Mapping[str, Callable[[T], float]]
) -> str:
    """A row a label with every value's paired difference to the baseline's, and its p."""
    grouped = by_label(judged)
    rows = []
    for label, seeds in grouped.items():
        if label == baseline:
            continue
        cells = []
        for value in values.values():
            theirs = {seed: value(one) for seed, one in grouped[baseline].items()}
            found = paired_difference({s: value(one) for s, one in seeds.items()}, theirs)
            interval = found.interval
            if math.isnan(interval.mean):
                cells.append("")
                continue
            cells.append(f"{interval.mean:+.4f} ± {interval.half:.4f} (p {found.p:.3f})")
        rows.append([label, *cells])
    return markdown([f"against {baseline}", *values], rows)
