"""Splits by time: the past teaches, the future judges."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from common.errors import BadDataError
from components.impression_example_gen.split import (
    EVAL_INDEX,
    TRAIN_INDEX,
    VALIDATION_INDEX,
    Rows,
    SplitConfig,
)
from data.log.time_counts import TimeCounts


@dataclasses.dataclass(frozen=True)
class Cutoffs:
    """The first timestamp of validation and of eval, in the timestamp column's own unit.

    Attributes:
      validation_from: rows at or after it, and not in eval, are validation.
      eval_from: rows at or after it are eval; None where `eval_dates` decides.
      eval_dates: spans whose rows are eval; empty where `eval_from` decides.
    """

    validation_from: int
    eval_from: int | None
    eval_dates: frozenset[str]

    def assign(self, rows: Rows) -> np.ndarray:
        """See `Split.assign`."""
        if rows.date in self.eval_dates:
            return np.full(len(rows), EVAL_INDEX, np.int8)
        times = rows.times
        found = np.where(times >= self.validation_from, VALIDATION_INDEX, TRAIN_INDEX).astype(
            np.int8
        )
        if self.eval_from is not None:
            found[times >= self.eval_from] = EVAL_INDEX
        return found

    def record(self) -> dict[str, Any]:
        """See `Split.record`."""
        return {"validation_from": self.validation_from, "eval_from": self.eval_from}


def find_cutoffs(
    config: SplitConfig, by_date: dict[str, TimeCounts], eval_dates: tuple[str, ...]
) -> Cutoffs:
    """Finds the cut-offs from the timestamps of the window's rows.

    Args:
      config: the fractions.
      by_date: the counts of every date of the window; not all of them empty.
      eval_dates: the window's eval spans.

    Raises:
      BadDataError: no row is left to learn from.
    """
    if config.eval_fraction is None:
        train = TimeCounts.merged([c for date, c in by_date.items() if date not in eval_dates])
        eval_from, left_out = None, frozenset(eval_dates)
    else:
        rows = TimeCounts.merged(list(by_date.values()))
        eval_from, left_out = rows.start_of_last(config.eval_fraction), frozenset()
        train = rows.before(eval_from)
    if not len(train.times):
        raise BadDataError("no row is left to learn from: every row falls into eval")
    validation_from = train.start_of_last(config.validation_fraction)
    if validation_from == train.times[0]:
        raise BadDataError(
            f"all rows at or after timestamp {validation_from} are validation, and no row is "
            "earlier, so none is left to learn from; take more spans or a smaller "
            "validation_fraction"
        )
    return Cutoffs(validation_from, eval_from, left_out)
