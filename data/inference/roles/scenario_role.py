"""Which column is the scenario: few values that differ in what people do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import scipy.stats

from common.names import OVERALL
from data.inference import names
from data.inference.candidates import Candidate, Chosen, Place, choose, counted
from data.inference.outcomes.label_values import Label
from data.inference.outcomes.outcome_names import named_outcome
from data.inference.roles.no_names import why_no_names
from data.inference.sampling.profile import Profile
from schemas.usable_text import why_not

MOST_SCENARIOS = 50
_FEW_SCENARIOS = 20
_MOST_CHOSEN = 1_000
_NO_NAME = "which can be no scenario's name"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What scenarios are judged by.

    Attributes:
      labels: the labels, the most frequent first.
      side: a column -> `user`, `item` or `context`.
      clock: True for a column that the hour decides.
      leaks: why a column is taken for a leak; empty where it is none.
      place: where a row is.
    """

    labels: Sequence[Label]
    side: Callable[[Profile], str]
    clock: Callable[[Profile], bool]
    leaks: Callable[[Profile], str]
    place: Place


def find_scenario(
    columns: Sequence[Profile], left_out: Mapping[str, str], evidence: Evidence
) -> Chosen:
    """The scenario.

    Args:
      columns: those that are neither label nor time nor user.
      left_out: those of them that are left out by name, with the reason.
      evidence: what scenarios are judged by.
    """
    # Of several columns of few values any one might be the scenario.
    return choose(_candidates(columns, left_out, evidence), most_weak=1)


def as_scenario(column: Profile, place: Place) -> Candidate:
    """A column that the caller says is the scenario: it may have more values than a guess."""
    failed = _unreadable(column, _MOST_CHOSEN, place)
    return Candidate(column, 1, "chosen", True, failed=failed, advice=_advice(column, failed))


def read_as_texts(column: Profile) -> str:
    """What a scenario's reason says of values that are no texts; empty where they are texts."""
    if column.type == "bytes":
        return ""
    bools = pa.types.is_boolean(column.values.type)
    held = "true and false" if bools else "numbers"
    texts = "the texts 1 and 0" if bools else "texts"
    return f"; the files hold {held}, which are read as {texts}: a scenario has a name"


def _candidates(
    columns: Sequence[Profile], left_out: Mapping[str, str], evidence: Evidence
) -> Iterable[Candidate]:
    for column in columns:
        named = names.has(column.name, names.SCENARIO)
        surely = names.says_scenario(column.name)
        others = names.POSITION | names.NUMBER | names.USER
        if names.has(column.name, others) or named_outcome(column.name):
            continue
        failed = _unreadable(column, MOST_SCENARIOS, evidence.place)
        failed = failed or left_out.get(column.name, "")
        if not failed and evidence.clock(column):
            failed = f"the hour decides it ({column.distinct} values)"
        if failed:
            if surely:
                advice = _advice(column, failed)
                yield Candidate(column, 0, "", True, failed=failed, advice=advice)
            continue
        # What the user or the item alone decides says nothing of where it was shown.
        if not named and (column.distinct < 3 or evidence.side(column) != "context"):
            continue
        if not surely and evidence.leaks(column):
            continue
        score = 4.0 * named + (column.type == "bytes") + (column.distinct <= _FEW_SCENARIOS)
        score += 2.0 * (evidence.side(column) == "context")
        reasons = ["its name says so"] if named else []
        reasons.append(f"{column.distinct} values")
        if evidence.labels and column.distinct > 1:
            label = evidence.labels[0]
            if _differs(column, label) < 1e-6:
                score += 1
                reasons.append(f"'{label.name}' is more frequent in some than in others")
        if not named:
            reasons.append("no column has a better name")
        yield Candidate(column, score, "; ".join(reasons), surely, weak=not named)


def _unreadable(column: Profile, most: int, place: Place) -> str:
    """The test that a column fails as the scenario; empty where it fails none."""
    failed = why_no_names(column, place, "a text or a whole number")
    if failed:
        return failed
    absent = column.absent | _rows_of(column, lambda text: not text.strip())
    if absent.any():
        return f"it is empty in {counted(absent, place)}"
    unusable = _rows_of(column, _no_name)
    if unusable.any():
        value = column.texts[column.codes[unusable.argmax()]]
        return f"it is {value!r}, {_NO_NAME}, in {counted(unusable, place)}"
    if column.distinct > most:
        rows = column.codes >= most  # Codes are in the order of the rows.
        return (
            f"it has {column.distinct:,} values, more than {most}: others than the first {most} "
            f"in {counted(rows, place)}"
        )
    return ""


def _advice(column: Profile, failed: str) -> str:
    if _NO_NAME not in failed:
        return ""
    value = next(text for text in column.texts if _no_name(text))
    return f"rename the scenario {value!r} in the log"


def _no_name(text: str) -> bool:
    return text == OVERALL or why_not(text) is not None


def _rows_of(column: Profile, test: Callable[[str], bool]) -> np.ndarray:
    """Bool [N]: the rows whose text passes a test."""
    passes = np.array([test(text) for text in column.texts] + [False])
    return np.asarray(passes[column.codes])


def _differs(column: Profile, label: Label) -> float:
    """The p-value of a chi-squared test that the label's rate is the same for all values."""
    rows = label.known
    codes = column.codes[rows]
    counts = np.bincount(codes, minlength=column.distinct)
    positives = np.bincount(codes, label.target[rows], column.distinct)
    there = counts > 0
    table = np.stack([positives, counts - positives])[:, there]
    if (table.sum(axis=1) == 0).any() or there.sum() < 2:
        return 1.0
    return float(scipy.stats.chi2_contingency(table).pvalue)
