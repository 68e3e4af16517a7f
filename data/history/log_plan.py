"""A history's settings held against a log on disk."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from common.errors import BadDataError
from data.history.batches import batches_of
from data.history.config import HistoryConfig
from data.history.plan import HistoryPlan, item_candidates, make_plan
from data.log.columns import typed
from data.log.files import LogFile, list_span
from data.log.formats.opening import open_checked
from data.log.formats.reader import LogReader
from data.log.spans import list_names, spans
from schemas.contract import Contract


def plan_of_log(contract: Contract, config: HistoryConfig, log: str) -> HistoryPlan:
    """Holds settings against a log.

    The item is the item-side id; of several that with the most values on the log's first day.

    Raises:
      SettingsError: see `make_plan`.
      BadDataError: the log has no span, or a file of the first can't be read.
    """
    candidates = item_candidates(contract, config)
    files = list_span(log, spans(list_names(log))[0]).files
    sizes = _sizes(contract, candidates, files) if len(candidates) > 1 else None
    return make_plan(contract, config, sizes)


def check_first_day(plan: HistoryPlan, log: str) -> None:
    """Says before any work what `refuse_taken` would refuse of a log's first day."""
    for file in list_span(log, spans(list_names(log))[0]).files:
        refuse_taken(plan, open_checked(file, plan.contract), file.name)


def refuse_taken(plan: HistoryPlan, reader: LogReader, source: str) -> None:
    """Raises BadDataError where a file has a column, in the schema or not, of a list's name."""
    # Of a file of text only the schema's columns are written.
    taken = {field.name for field in plan.fields} & set(reader.schema.names)
    if taken and not reader.untyped:
        raise BadDataError(
            f"{source} has a column '{min(taken)}' already; give the group another name (--group)"
        )


def _sizes(
    contract: Contract, candidates: tuple[str, ...], files: tuple[LogFile, ...]
) -> dict[str, int]:
    """How many values each of the candidates has."""
    found: dict[str, list[pa.Array]] = {name: [] for name in candidates}
    for file in files:
        for batch in batches_of(open_checked(file, contract), candidates):
            for name, values in found.items():
                column = contract.column(name)
                raw = batch.column(batch.schema.get_field_index(name))
                values.append(pc.unique(typed(contract, column, raw).array))
    return {
        name: len(pc.unique(pa.chunked_array(values))) if values else 0
        for name, values in found.items()
    }
