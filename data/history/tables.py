"""A log that is in memory as a table, written in spans with or without histories: for adapters."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pyarrow.compute as pc

from common.settings import Settings
from data.history.carried import CarriedHistories
from data.history.config import HistoryConfig
from data.history.events import rows_of_day
from data.history.plan import item_candidates, make_plan
from data.log.columns import typed
from data.log.rules import day_bounds
from data.log.span_writer import refuse_existing, split_by_day, write_span, write_spans
from schemas.contract import Contract


class HistoryOptions(Settings):
    """The options of an adapter whose log can have histories.

    Attributes:
      history: which; None for none. The log's schema is then that of
        `data.history.schema_text.schema_of_log`.
    """

    history: HistoryConfig | None = None


def write_table(
    table: pa.Table,
    out: pathlib.Path,
    contract: Contract,
    history: HistoryConfig | None,
    overwrite: bool = False,
) -> None:
    """Writes a table as spans; its rows get the lists that `polyrank data history` gives them.

    Args:
      table: the contract's columns, in their types, of rows that keep the contract.
      out: the log's folder.
      contract: the data contract; it has a timestamp.
      history: what the lists hold; None for the columns alone.
      overwrite: replaces spans that exist already.

    Raises:
      SettingsError: the contract has no such history (see `make_plan`).
      BadDataError: see `write_spans`.
    """
    if history is None:
        write_spans(table, out, contract.timestamp, overwrite)
        return
    assert contract.timestamp is not None
    days = list(split_by_day(table, contract.timestamp))
    refuse_existing([day for day, _ in days], out, overwrite)
    first = days[0][1]
    candidates = item_candidates(contract, history)
    sizes = {name: len(pc.unique(first.column(name))) for name in candidates}
    plan = make_plan(contract, history, sizes)
    carried = CarriedHistories(plan)
    for day, rows in days:
        columns = {
            name: typed(contract, contract.column(name), _whole(rows.column(name))).array
            for name in plan.reads
        }
        _, end = day_bounds(str(day), plan.time.tags.ticks_per_second)
        found = carried.add_day(rows_of_day(plan, columns, str(day)), end)
        for field, lists in zip(plan.fields, found.lists(0, rows.num_rows), strict=True):
            rows = rows.append_column(field, lists)
        write_span(rows, out, day, overwrite)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    chunks = column.combine_chunks()
    # Arrow before 13 gives chunks again.
    return pa.concat_arrays(chunks.chunks) if isinstance(chunks, pa.ChunkedArray) else chunks
