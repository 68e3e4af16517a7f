"""Which column is the time of the impression, and which ones follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from data.inference import names
from data.inference.candidates import Candidate, Chosen, Place, choose, counted, gaps
from data.inference.outcomes.outcome_names import is_time_of_outcome
from data.inference.sampling.profile import Profile, determined_by
from data.log.casting.text_numbers import ISO_8601, MISSING
from schemas.tags import TIME_UNITS

NOT_OF_TODAY = "a time: its values of tomorrow are in no log of today"

_FIRST_YEAR, _LAST_YEAR = 1995, 2060
_SECONDS_A_YEAR = 31_556_952
_ROWS_IN_ORDER = 0.95
_TWO_DAYS = 2 * 86_400
_LEAST_IN_SPANS = 0.5
_UNITS = ", ".join(TIME_UNITS)


def time_unit(column: Profile) -> str | None:
    """The unit in which all values are times since 1970 of our days, or None."""
    if column.is_time:
        return column.values.type.unit if column.values.type.unit in TIME_UNITS else "us"
    if column.type != "int" or not column.distinct:
        return None
    return next((unit for unit in TIME_UNITS if _our_days(column, unit).all()), None)


def _our_days(column: Profile, unit: str) -> np.ndarray:
    """bool, of the rows with a value: those that are times of our days in a unit."""
    values = column.numbers[~column.absent]
    first, last = (
        (year - 1970) * _SECONDS_A_YEAR * TIME_UNITS[unit] for year in (_FIRST_YEAR, _LAST_YEAR)
    )
    return np.asarray((values >= first) & (values < last))


def seconds(column: Profile, unit: str) -> np.ndarray:
    """A time column as float64 [N] seconds since 1970, NaN where missing."""
    kind = column.values.type
    if pa.types.is_timestamp(kind):
        return column.numbers / {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
    return column.numbers / TIME_UNITS[unit]


def find_timestamp(columns: Sequence[Profile], days: np.ndarray | None, place: Place) -> Chosen:
    """The time of the impression.

    Args:
      columns: all columns.
      days: datetime64[D] [N], those of the rows' span folders, if known.
      place: where a row is.
    """
    return choose(_candidates(columns, days, place))


def as_timestamp(column: Profile, place: Place) -> Candidate:
    """A column that the caller says is the time."""
    failed = _failed(column, None, place)
    return Candidate(column, 1, "chosen", True, failed=failed, unit=time_unit(column) or "")


def _candidates(
    columns: Sequence[Profile], days: np.ndarray | None, place: Place
) -> Iterable[Candidate]:
    for column in columns:
        named = names.says_time(column.name)
        failed = _failed(column, days, place)
        if failed:
            if named:
                yield Candidate(column, 0, "", named, failed=failed)
            continue
        unit = time_unit(column)
        assert unit is not None
        times = seconds(column, unit).astype("datetime64[s]")
        score, reasons = 0.5, [f"all values are times since 1970 in {unit}"]
        # Of two columns of the same times: a number is UTC, a text may be local time.
        score += 1.0 if column.is_time else 1.5
        if is_time_of_outcome(column.name):
            score -= 1
        elif names.has(column.name, names.TIME):
            score += 2
            reasons.append("its name says time")
        if days is not None:
            inside = float((times.astype("datetime64[D]") == days).mean())
            score += 5 * inside - 2
            reasons.append(f"{inside:.1%} of them lie on the day of their span= folder")
        first, last = (str(x)[:10] for x in (times.min(), times.max()))
        reasons.append(f"{first} to {last} (UTC)")
        yield Candidate(column, score, "; ".join(reasons), named, unit=unit)


def _failed(column: Profile, days: np.ndarray | None, place: Place) -> str:
    """The test that a column fails as the time; empty where it fails none."""
    kind = column.values.type
    wanted = f"wanted times since 1970 in whole {_UNITS}, Arrow's timestamps or ISO 8601"
    if not column.type_is_known:
        return f"its type is {kind}; {wanted}"
    if column.distinct == 0:
        return "it has no value in any row"
    if column.type == "bytes" and not column.untyped:
        return f"its type is {kind}; {wanted} (in CSV files)"
    if time_unit(column) is None:
        rows = _no_times(column)
        value = column.values[int(rows.argmax())].as_py()
        return f"its value is no time in {counted(rows, place)}, such as {value!r}; {wanted}"
    if column.missing:
        return f"it is {gaps(column, place)}"
    if days is None:
        return ""
    times = seconds(column, time_unit(column) or "").astype("datetime64[s]")
    outside = times.astype("datetime64[D]") != days
    if outside.mean() <= 1 - _LEAST_IN_SPANS:
        return ""
    return f"it lies on another day than the row's span= folder in {counted(outside, place)}"


def _no_times(column: Profile) -> np.ndarray:
    """Bool [N]: the rows whose value is no time, whatever the unit of the others may be."""
    if column.type == "bytes":
        texts = [text.strip() for text in column.texts]
        wrong = np.array(
            [text.lower() not in MISSING and not ISO_8601.fullmatch(text.upper()) for text in texts]
        )
        # Each may be one, and none of the calendar: the 30th of February.
        wrong = wrong if wrong.any() else np.ones(len(texts), bool)
        return np.asarray(~column.absent & wrong[column.codes])
    values = column.numbers[~column.absent]
    wrong = ~max((_our_days(column, unit) for unit in TIME_UNITS), key=np.sum)
    wrong |= values != np.trunc(values)
    rows = np.zeros(len(column.codes), bool)
    rows[~column.absent] = wrong if wrong.any() else True
    return rows


def follows_time(column: Profile, time: np.ndarray) -> bool:
    """True where the values grow with the time (float64 [N]): another clock, or a counter."""
    if column.type != "int" or column.distinct < 3 or column.missing:
        return False
    if names.has(column.name, names.CLOCK) or time.max() - time.min() < _TWO_DAYS:
        return False
    values = column.numbers[np.argsort(time, kind="stable")]
    # A day of another time zone begins hours earlier or later.
    return bool((values >= np.maximum.accumulate(values)).mean() >= _ROWS_IN_ORDER)


def of_the_clock(column: Profile, time: np.ndarray) -> bool:
    """True where the hour of the week (of `time`, float64 [N] seconds) decides the value."""
    hours = (time // 3600).astype(np.int64)
    return column.distinct <= 24 * 7 and determined_by(hours, column)
