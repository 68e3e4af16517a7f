"""The label contract, checked on whole columns: which rows are refused, and why."""

from __future__ import annotations

import calendar
import dataclasses
import datetime
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.lists import is_list
from data.log.columns import Typed
from data.log.labels.label_rows import label_rows
from data.log.lists.list_rules import list_rules
from data.log.rule import MISSING, Rule
from schemas.column import Column
from schemas.contract import Contract
from schemas.label_values import negative_words
from schemas.treatments import Vector

LONGEST_TEXT = 1_000_000
"""Bytes. No id or category is longer: a file was written wrongly, and a request of four such
values would be more than gRPC carries."""

_GUESTS = (
    "where these are guests, drop 'presence' and 'shape' from this feature in the schema; else "
    "correct the log"
)
_GAPS = (
    "leave the value out of the list, and out of the lists that are aligned with it; where a "
    "missing value means something, write a value for it"
)
_NO_VECTOR = "leave the vector empty where it is not known"
_NO_LIST = "correct the log, or the tag's 'text=' where it holds lists in another way"


@dataclasses.dataclass(frozen=True)
class Refusals:
    """The refused rows of a batch.

    Attributes:
      rows: int64 [R], ascending positions in the batch.
      broke: int32 [R], index in `rules` of the first rule that each of them broke.
      rules: every rule that some row broke.
    """

    rows: np.ndarray
    broke: np.ndarray
    rules: tuple[Rule, ...]


def day_bounds(date: str, ticks_per_second: int) -> tuple[int, int]:
    """Returns the first tick of the UTC day `date` and the first tick after it."""
    day = datetime.date.fromisoformat(date)
    start = calendar.timegm(day.timetuple()) * ticks_per_second
    return start, start + 86_400 * ticks_per_second


def refuse(contract: Contract, batch: Mapping[str, Typed], date: str | None) -> Refusals:
    """Checks the rows of one batch of the span `date`.

    Args:
      contract: the data contract.
      batch: every column of the contract, by name, each [N].
      date: the span's day (`YYYY-MM-DD`, UTC); None for rows that are in no span yet.
    """
    first_rule: np.ndarray | None = None
    rules: list[Rule] = []
    for rule, broken in _broken(contract, batch, date):
        if first_rule is None:
            first_rule = np.full(len(broken), -1, np.int32)
        first_rule[broken & (first_rule < 0)] = len(rules)
        rules.append(rule)
    if first_rule is None:
        return Refusals(np.zeros(0, np.int64), np.zeros(0, np.int32), ())
    rows = np.flatnonzero(first_rule >= 0)
    return Refusals(rows, first_rule[rows], tuple(rules))


def _broken(
    contract: Contract, batch: Mapping[str, Typed], date: str | None
) -> Iterator[tuple[Rule, np.ndarray]]:
    """Yields each rule that some row breaks, with the rows that do, bool [N]."""
    for rule, broken in _all_rules(contract, batch, date):
        if broken is not None and broken.any():
            yield rule, broken


def _all_rules(
    contract: Contract, batch: Mapping[str, Typed], date: str | None
) -> Iterator[tuple[Rule, np.ndarray | None]]:
    for name, values in batch.items():
        for reason, broken in values.broken.items():
            wanted, advice = what_was_wanted(reason, values.column)
            yield Rule(reason, name, wanted, advice), broken
        if values.column.type == "bytes":
            yield Rule("too_long", name, f"at most {LONGEST_TEXT:,} bytes"), _too_long(values.array)
        if values.column.required and values.array.null_count:
            missing = values.array.is_null().to_numpy(zero_copy_only=False)
            advice = _GUESTS if values.column == contract.user_id else ""
            yield Rule(MISSING, name, "a value in every row", advice), missing

    time = contract.timestamp
    if time is not None and date is not None:
        start, end = day_bounds(date, time.tags.ticks_per_second)
        ticks = batch[time.name].filled()
        wanted = f"a time on {date} (UTC), {start} to {end - 1}"
        yield Rule("outside_its_day", time.name, wanted), (ticks < start) | (ticks >= end)

    scenario = contract.scenario
    if scenario is not None:
        scenarios = pa.array([name.encode() for name in contract.scenarios], pa.binary())
        known = pc.is_in(batch[scenario.name].array, value_set=scenarios)
        wanted = f"one of {', '.join(contract.scenarios)}"
        unknown = ~known.to_numpy(zero_copy_only=False)
        yield Rule("unknown_scenario", scenario.name, wanted), unknown

    yield from _label_rules(contract, batch)
    yield from list_rules(contract, batch)

    if contract.sampling_rate is not None:
        rate = batch[contract.sampling_rate.name].filled()
        wanted = "above 0 and at most 1"
        yield Rule("not_a_rate", contract.sampling_rate.name, wanted), (rate <= 0) | (rate > 1)

    if contract.weight is not None:
        weight = batch[contract.weight.name].filled()
        yield Rule("negative_weight", contract.weight.name, "at least 0"), weight < 0


def _label_rules(
    contract: Contract, batch: Mapping[str, Typed]
) -> Iterator[tuple[Rule, np.ndarray]]:
    rows = {}
    for label in contract.tasks.labels:
        rows[label.name] = label_rows(contract, label, batch[label.column].array)
        if label.above is None:
            value = batch[label.column].filled()
            yield Rule("not_0_or_1", label.column, "0 or 1"), (value != 0) & (value != 1)
    for label in contract.tasks.labels:
        if label.constrained and label.parent is not None:
            parent = contract.tasks.label(label.parent)
            without = rows[parent.name].known & ~rows[parent.name].positive
            wanted = f"{negative_words(label)}, for {parent.column} is {negative_words(parent)}"
            broken = rows[label.name].positive & without
            yield Rule("child_without_parent", label.column, wanted), broken


def _too_long(array: pa.Array) -> np.ndarray:
    """Bool [N], True for a text that is too long, or a list that has one."""
    if not is_list(array.type):
        return np.asarray(pc.fill_null(pc.binary_length(array), 0).to_numpy() > LONGEST_TEXT)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
    found = np.zeros(len(array), bool)
    found[np.repeat(np.arange(len(array)), lengths)[_too_long(array.flatten())]] = True
    return found


def what_was_wanted(reason: str, column: Column) -> tuple[str, str]:
    """Returns what a value that has no place in its type should have been, and what to do."""
    if isinstance(column.list_treatment, Vector) and reason in ("unusable_number", "null_in_list"):
        return f"{column.list_treatment.dim} finite numbers", _NO_VECTOR
    number = "a whole number" if column.type == "int" else "a finite number"
    return {
        "unusable_number": (number, ""),
        "not_utf8": ("text in UTF-8", ""),
        "no_text": ("text, or a whole number", ""),
        "several_values": ("one value", ""),
        "null_in_list": ("a list without gaps", _GAPS),
        "no_list": ('a JSON list of plain values, such as [1, 2] or ["a", "b"]', _NO_LIST),
        "nested_list": ("a list of plain values", "flatten the lists in the log"),
    }[reason]
