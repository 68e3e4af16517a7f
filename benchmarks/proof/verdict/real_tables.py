"""The tables of real logs: what was measured on their last days."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from benchmarks.proof.tables import differences, means
from benchmarks.proof.verdict.real_logs import WITHOUT, Finished
from common.names import EVAL, OVERALL
from models.metrics.names import AUC, GAUC, LOGLOSS

BASELINES = ("mmoe, task", "mmoe", WITHOUT)


def mean_of(metric: str) -> Callable[[Finished], float]:
    """The mean of a metric over the outputs that have one, of all scenarios together."""

    def value(one: Finished) -> float:
        outputs = one.result.metrics[EVAL].values()
        found = [cells[OVERALL].get(metric, math.nan) for cells in outputs]
        defined = [x for x in found if not math.isnan(x)]
        return sum(defined) / len(defined) if defined else math.nan

    return value


def _of_clicks(metric: str) -> Callable[[Finished], float]:
    return lambda one: one.result.metrics[EVAL]["click"][OVERALL].get(metric, math.nan)


VALUES: dict[str, Callable[[Finished], float]] = {
    "click AUC": _of_clicks(AUC),
    "its GAUC": _of_clicks(GAUC),
    "mean AUC": mean_of(AUC),
    "mean GAUC": mean_of(GAUC),
    "mean log loss": mean_of(LOGLOSS),
}


def page(finished: Sequence[Finished]) -> str:
    """Writes the means over seeds, and the differences to every baseline, paired by seed."""
    parts = [means(finished, VALUES)]
    labels = {one.wanted.label for one in finished}
    parts += [differences(finished, x, VALUES) for x in BASELINES if x in labels]
    return "\n".join(parts)
