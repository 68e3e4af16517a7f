"""Which column is the time, the person, the item and the scenario."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import scipy.stats

from data.inference import names
from data.inference.profile import Profile, determined_by
from schemas.tags import TIME_UNITS

MOST_CATEGORIES = 100
"""A column of more values is an id or a number."""

MOST_SCENARIOS = 50
_FEW_SCENARIOS = 20
_FIRST_YEAR, _LAST_YEAR = 1995, 2060
_SECONDS_A_YEAR = 31_556_952
_ROWS_IN_ORDER = 0.95
_TWO_DAYS = 2 * 86_400


@dataclasses.dataclass(frozen=True)
class Role:
    """A column in a role, why, and how sure that is.

    Attributes:
      column: the column.
      reason: for people.
      unit: of a time column: `s`, `ms` or `us`.
      weak: True where nothing but the lack of a better one speaks for it.
    """

    column: Profile
    reason: str
    unit: str = ""
    weak: bool = False


Scored = tuple[float, Role]


def _best(candidates: Iterable[Scored]) -> Role | None:
    """The first of the highest score above 0."""
    found = [(score, role) for score, role in candidates if score > 0]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def time_unit(column: Profile) -> str | None:
    """The unit in which all values are times since 1970 of our days, or None."""
    if pa.types.is_timestamp(column.values.type):
        return column.values.type.unit if column.values.type.unit in TIME_UNITS else "us"
    if column.type != "int" or not column.distinct:
        return None
    years = [(year - 1970) * _SECONDS_A_YEAR for year in (_FIRST_YEAR, _LAST_YEAR)]
    smallest, largest = np.nanmin(column.numbers), np.nanmax(column.numbers)
    for unit, ticks in TIME_UNITS.items():
        if smallest >= years[0] * ticks and largest < years[1] * ticks:
            return unit
    return None


def seconds(column: Profile, unit: str) -> np.ndarray:
    """A time column as float64 [N] seconds since 1970, NaN where missing."""
    kind = column.values.type
    if pa.types.is_timestamp(kind):
        return column.numbers / {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
    return column.numbers / TIME_UNITS[unit]


def find_timestamp(columns: Sequence[Profile], days: np.ndarray | None) -> Role | None:
    """The time of the impression: `days` are those of the rows' span folders, if known."""
    return _best(_time_scores(columns, days))


def _time_scores(columns: Sequence[Profile], days: np.ndarray | None) -> Iterable[Scored]:
    for column in columns:
        unit = time_unit(column)
        if unit is None or column.missing:
            continue
        times = seconds(column, unit).astype("datetime64[s]")
        stamped = pa.types.is_timestamp(column.values.type)
        score, reasons = 0.5, [f"all values are times since 1970 in {unit}"]
        # Of two columns of the same times: a number is UTC, a text may be local time.
        score += 1.0 if stamped else 1.5
        if names.has(column.name, names.TIME):
            score += 2
            reasons.append("its name says time")
        if days is not None:
            inside = float((times.astype("datetime64[D]") == days).mean())
            score += 5 * inside - 2
            reasons.append(f"{inside:.1%} of them lie on the day of their span= folder")
        first, last = (str(x)[:10] for x in (times.min(), times.max()))
        reasons.append(f"{first} to {last} (UTC)")
        yield score, Role(column, "; ".join(reasons), unit)


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


def find_user(columns: Sequence[Profile], keys: Callable[[Profile], bool]) -> Role | None:
    """The person; `keys` tells the columns that decide others."""
    return _best(_id_scores(columns, keys, names.USER, names.ITEM, 1))


def find_item(columns: Sequence[Profile], keys: Callable[[Profile], bool]) -> Role | None:
    """The item that was shown; see `find_user`."""
    return _best(_id_scores(columns, keys, names.ITEM, names.USER, -1))


def _id_scores(
    columns: Sequence[Profile],
    keys: Callable[[Profile], bool],
    own: frozenset[str],
    other: frozenset[str],
    sign: int,
) -> Iterable[Scored]:
    for column in columns:
        if column.type not in ("int", "bytes") or column.distinct < 2:
            continue
        named, other_named = names.has(column.name, own), names.has(column.name, other)
        many = column.distinct > MOST_CATEGORIES
        an_id = names.has(column.name, names.ID)
        if other_named or not (many or (named and an_id)) or (named and not an_id and not many):
            continue
        is_key = many and keys(column)
        if column.type == "int" and not (is_key or an_id or named):
            continue
        if not named and names.has(column.name, names.NUMBER | names.IMPRESSION | names.SCENARIO):
            continue
        top = column.counts.max() / column.counts.sum()
        score = 4.0 * named + 2.0 * an_id + is_key + 0.5 - sign * float(top)
        reasons = [f"{column.distinct:,} values, {column.counts.mean():.1f} rows each"]
        if named:
            reasons.insert(0, "its name says so")
        if is_key:
            reasons.append("it decides the values of other columns")
        if not named:
            what = "rarer" if sign > 0 else "more frequent"
            reasons.append(
                f"its most frequent value ({top:.1%} of the rows) is {what} than others'"
            )
        yield score, Role(column, "; ".join(reasons), weak=not named)


def find_scenario(
    columns: Sequence[Profile],
    labels: Sequence[Profile],
    sided: Callable[[Profile], str],
    clock: Callable[[Profile], bool],
) -> Role | None:
    """The scenario: few values that differ in what people do.

    Args:
      columns: all that are neither label nor time.
      labels: the labels, the most frequent first.
      sided: a column -> `user`, `item` or `context`.
      clock: True for a column that the hour decides.
    """
    return _best(_scenario_scores(columns, labels, sided, clock))


def _scenario_scores(
    columns: Sequence[Profile],
    labels: Sequence[Profile],
    sided: Callable[[Profile], str],
    clock: Callable[[Profile], bool],
) -> Iterable[Scored]:
    for column in columns:
        named = names.has(column.name, names.SCENARIO)
        if (
            column.type not in ("int", "bytes")
            or column.missing
            or names.has(column.name, names.POSITION | names.NUMBER | names.USER)
        ):
            continue
        least = 1 if named else 3
        if not least <= column.distinct <= MOST_SCENARIOS or clock(column):
            continue
        score = 4.0 * named + (column.type == "bytes") + (column.distinct <= _FEW_SCENARIOS)
        score += 2.0 * (sided(column) == "context")
        reasons = ["its name says so"] if named else []
        reasons.append(f"{column.distinct} values")
        if labels and column.distinct > 1:
            chance = _differs(column, labels[0])
            if chance < 1e-6:
                score += 1
                reasons.append(f"'{labels[0].name}' is more frequent in some than in others")
        if not named:
            reasons.append("no column has a better name")
        yield score, Role(column, "; ".join(reasons), weak=not named)


def _differs(column: Profile, label: Profile) -> float:
    """The p-value of a chi-squared test that the label's rate is the same for all values."""
    positives = np.bincount(column.codes, label.numbers, column.distinct)
    return float(
        scipy.stats.chi2_contingency(np.stack([positives, column.counts - positives])).pvalue
    )
