"""One batch of a file, cast and checked, with what it refuses added to a report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from data.log import columns, rules
from data.log.lists.list_rules import lengths_in
from data.log.report import Refused, Report
from schemas.contract import Contract

_MOST_SHOWN = 200


def check_batch(
    contract: Contract,
    batch: pa.RecordBatch,
    source: str,
    date: str | None,
    first: int,
    report: Report,
) -> tuple[dict[str, columns.Typed], rules.Refusals]:
    """Casts and checks the rows of a batch.

    Args:
      contract: the data contract.
      batch: its columns, in whatever order, [N].
      source: the file's name.
      date: the file's span; None where it is in none.
      first: row of the file that is the batch's first.
      report: gets the rows that were read and those that are refused.

    Returns:
      Every column of the contract by name, and the refusals, by row of the batch.
    """
    values = {
        column.name: columns.typed(
            contract, column, batch.column(batch.schema.get_field_index(column.name))
        )
        for column in contract.columns
    }
    refusals = rules.refuse(contract, values, date)
    # A log can break a rule in every row: count them together, and show the first.
    kinds, firsts, counts = np.unique(refusals.broke, return_index=True, return_counts=True)
    for kind, index, count in zip(kinds.tolist(), firsts.tolist(), counts.tolist(), strict=True):
        rule, row = refusals.rules[kind], int(refusals.rows[index])
        value = shown(values[rule.column].raw[row].as_py()) + lengths_in(rule, values, row)
        report.refuse(Refused(rule, count, source, first + row, value))
    report.read += batch.num_rows
    if contract.user_id is not None:
        user = {contract.user_id.name: values[contract.user_id.name]}
        report.users.add(passed(user, refusals)[contract.user_id.name])
    lists = {column.name: values[column.name] for column in contract.list_features}
    if lists:
        report.lists.count(contract, passed(lists, refusals))
    return values, refusals


def passed(values: Mapping[str, columns.Typed], refusals: rules.Refusals) -> dict[str, pa.Array]:
    """The cast columns of the rows that were not refused."""
    if not len(refusals.rows):
        return {name: value.array for name, value in values.items()}
    rows = len(next(iter(values.values())).array)
    kept = np.ones(rows, bool)
    kept[refusals.rows] = False
    return {name: value.array.filter(pa.array(kept)) for name, value in values.items()}


def shown(value: object) -> str:
    """A value for people: as text where it may be one, and not a megabyte of it."""
    text = repr(_text_of(value) if isinstance(value, bytes) else value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text):,} characters)"


def _text_of(value: bytes) -> str | bytes:
    """UTF-8 as text, other bytes as they are."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
