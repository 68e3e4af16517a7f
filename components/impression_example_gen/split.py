"""How rows are split by time into train, validation and eval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pydantic

from schemas.errors import BadDataError
from schemas.settings import Settings, SettingsError

SPLITS = ("train", "validation", "eval")


class SplitConfig(Settings):
    """How the log's rows are split, and how many of them may be refused.

    Attributes:
      eval_fraction: None: the window's eval spans are eval. A number: the last fraction of
        all rows of the window (by timestamp) is eval.
      validation_fraction: the last fraction of the train rows (by timestamp) is validation.
      max_quarantined_share: a larger share of refused rows stops the run.
    """

    eval_fraction: float | None = pydantic.Field(default=None, gt=0, lt=1)
    validation_fraction: float = pydantic.Field(default=0.1, gt=0, lt=1)
    max_quarantined_share: float = pydantic.Field(default=0.01, ge=0, le=1)


@dataclasses.dataclass(frozen=True)
class TimeCounts:
    """How many rows have each timestamp.

    Attributes:
      times: int64 [T], distinct and ascending.
      counts: int64 [T], >= 1.
    """

    times: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray) -> TimeCounts:
        """Counts the timestamps of rows, int64 [N]."""
        distinct, counts = np.unique(times, return_counts=True)
        return cls(distinct, counts)

    @classmethod
    def merged(cls, parts: list[TimeCounts]) -> TimeCounts:
        """Adds up the counts of several files."""
        if not parts:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        times, where = np.unique(np.concatenate([p.times for p in parts]), return_inverse=True)
        counts = np.bincount(where, np.concatenate([p.counts for p in parts]), len(times))
        return cls(times, counts.astype(np.int64))

    def by(self, ticks: int) -> TimeCounts:
        """Returns the counts of the times, cut off to whole multiples of `ticks`."""
        return TimeCounts.merged([TimeCounts(self.times - self.times % ticks, self.counts)])

    def before(self, time: int) -> TimeCounts:
        """Returns the counts of the rows before `time`."""
        end = np.searchsorted(self.times, time)
        return TimeCounts(self.times[:end], self.counts[:end])

    def start_of_last(self, fraction: float) -> int:
        """Returns the timestamp at which the last `fraction` of the rows begins.

        The row quantile is exact: of N rows in order of time, the last round(fraction * N), and
        at least one, are later. Rows with the very timestamp it falls on are all later.
        """
        up_to = np.cumsum(self.counts)
        later = max(1, round(fraction * int(up_to[-1])))
        first = int(up_to[-1]) - later
        return int(self.times[np.searchsorted(up_to, first, side="right")])


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

    def assign(self, date: str, times: np.ndarray) -> np.ndarray:
        """Returns the index into SPLITS, int8 [N], of the rows of one span with these times."""
        if date in self.eval_dates:
            return np.full(len(times), 2, np.int8)
        found = (times >= self.validation_from).astype(np.int8)
        if self.eval_from is not None:
            found[times >= self.eval_from] = 2
        return found


def find_cutoffs(
    config: SplitConfig, by_date: dict[str, TimeCounts], eval_dates: tuple[str, ...]
) -> Cutoffs:
    """Finds the cut-offs from the timestamps of the window's rows.

    Args:
      config: the fractions.
      by_date: the counts of every date of the window; not all of them empty.
      eval_dates: the window's eval spans.

    Raises:
      SettingsError: neither eval spans nor an eval_fraction.
      BadDataError: no row is left to learn from.
    """
    if config.eval_fraction is None:
        if not eval_dates:
            raise SettingsError(
                "the window has no eval spans and eval_fraction is not set: nothing would be "
                "evaluated; set eval_spans to at least 1, or eval_fraction"
            )
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
