"""What a column's values say as a label: which rows are positive, negative, or not known yet."""

from __future__ import annotations

import dataclasses

import numpy as np

from data.inference.candidates import Place, counted, listed, shown
from data.inference.sampling.profile import Profile
from data.log.casting.text_numbers import BOOLEANS, MISSING, is_number
from schemas.column import ColumnType

_MEDIAN_COUNT = 10
"""Where the positive values of whole numbers are larger, they are seconds or money, no counts."""

NOT_KNOWN_YET = "not known yet, so left out of this label's loss and metrics"
"""What a label's gaps are, unless its parent says more of them (`data.log.labels.label_gaps`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Label:
    """A column as a label.

    Attributes:
      column: the column.
      target: float64 [N], 1 or 0, NaN where it is not known yet.
      type: the contract's type.
      above: True where the contract has to read its values as positive above 0.
      reasons: for people, about its values.
      note: what of these is for the terminal too.
    """

    column: Profile
    target: np.ndarray
    type: ColumnType
    above: bool
    reasons: tuple[str, ...]
    note: str = ""

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def known(self) -> np.ndarray:
        """Bool [N]: the rows whose label is known."""
        return ~np.isnan(self.target)

    @property
    def rate(self) -> float:
        """The share of positives in the known rows."""
        return float(np.nanmean(self.target))

    def says_the_same_as(self, other: Label) -> bool:
        """True where both are positive, negative and unknown in the same rows."""
        return bool(np.array_equal(self.target, other.target, equal_nan=True))

    @property
    def positives(self) -> int:
        """Number of positive rows."""
        return int(np.nansum(self.target))


def as_label(column: Profile, place: Place, any_number: bool = False) -> Label | str:
    """Reads a column as a label.

    Values of 0 and 1 are a label; of -1 and 1, and counts from 0 on, are one by `above:0`. Gaps
    are rows whose outcome is not known yet.

    Args:
      column: any column.
      place: where a row is.
      any_number: True where whatever is above 0 counts, since the caller says it is a label.

    Returns:
      The label, or why the column is none.
    """
    if not column.type_is_known or column.is_time:
        return f"its type is {column.values.type}; a label is 0 or 1, or a number"
    if column.distinct == 0:
        return "it has no value in any row"
    if column.type == "bytes":
        return _of_texts(column, place)
    known = column.numbers[~column.absent]
    if not np.isfinite(known).all():
        rows = ~column.absent & ~np.isfinite(column.numbers)
        return f"its value is not finite in {counted(rows, place)}"
    values = set(np.unique(known)) if column.distinct <= 3 else set()
    above, reasons = True, []
    if values <= {0.0, 1.0} and values:
        above = False
    elif values <= {-1.0, 1.0} and values:
        reasons.append("its values are -1 and 1: 'above:0' reads -1 as 0")
    elif not any_number:
        refused = _not_a_count(column, known, place)
        if refused:
            return refused
        reasons.append(
            f"it counts up to {int(known.max()):,}: 'above:0' reads each count above 0 as 1"
        )
    elif known.min() > 0 and len(values) != 1:
        return _always_above(known)
    else:
        span = f"from {known.min():g} to {known.max():g}"
        reasons.append(f"{span}: 'above:0' reads each value above 0 as 1")
    target = np.where(column.absent, np.nan, column.numbers > 0)
    return _label(column, target, column.type or "float", above, reasons, place)


def _of_texts(column: Profile, place: Place) -> Label | str:
    lowered = [text.strip().lower() for text in column.texts]
    known = [text for text in lowered if text not in MISSING]
    if column.untyped and known and set(known) <= set(BOOLEANS):
        numbers = np.array([BOOLEANS.get(text, np.nan) for text in lowered] + [np.nan])
        reason = "its texts are true and false, which are read as 1 and 0"
        return _label(column, numbers[column.codes], "int", False, [reason], place)
    wrong = np.array([not is_number(text) for text in lowered] + [False])[column.codes]
    if column.untyped and wrong.any() and wrong.sum() < (~column.absent).sum():
        value = shown(column.texts[column.codes[wrong.argmax()]])
        return f"its value is no number in {counted(wrong, place)}, such as {value}"
    return f"its values are texts ({listed(column.texts)}); write 1 and 0, as numbers"


def _not_a_count(column: Profile, known: np.ndarray, place: Place) -> str:
    if column.type != "int":
        return f"its value is no whole number in {counted(column.fractions, place)}: no counts"
    if known.min() < 0:
        rows = counted(column.numbers < 0, place)
        return f"its value is below 0 in {rows}, and not -1 and 1 alone: no counts"
    positive = known[known > 0]
    if not (known == 0).any():
        return _always_above(known)
    if np.median(positive) > _MEDIAN_COUNT:
        return f"half of its values above 0 are above {_MEDIAN_COUNT}: a quantity, and no count"
    return ""


def _always_above(known: np.ndarray) -> str:
    span = f"{known.min():g} to {known.max():g}"
    return f"it is above 0 in every row ({span}); write 1 where it is high enough, else 0"


def _label(
    column: Profile,
    target: np.ndarray,
    kind: ColumnType,
    above: bool,
    reasons: list[str],
    place: Place,
) -> Label | str:
    if np.nanmin(target) == np.nanmax(target):
        if not np.nanmax(target):
            return "it is negative in every row that has it"
        advice = "; write 0 where it did not happen" if column.missing else ""
        return f"it is positive in every row that has it{advice}"
    missing = np.isnan(target)
    notes = list(reasons)
    if missing.any():
        notes.append(f"it is empty in {counted(missing, place)}: {NOT_KNOWN_YET}")
    elif not reasons:
        reasons = ["0 or 1 in every row"]
    share = f"{np.nanmean(target):.2%} are 1"
    return Label(column, target, kind, above, (*(notes or reasons), share), "; ".join(notes))
