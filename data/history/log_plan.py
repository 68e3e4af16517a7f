"""A history's settings held against a log on disk."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from data.history.batches import batches_of
from data.history.config import HistoryConfig
from data.history.plan import HistoryPlan, item_candidates, make_plan
from data.log.columns import typed
from data.log.files import list_span
from data.log.formats.opening import open_checked
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
    dates = spans(list_names(log))
    if len(candidates) < 2:
        return make_plan(contract, config)
    found: dict[str, list[pa.Array]] = {name: [] for name in candidates}
    for file in list_span(log, dates[0]).files:
        for batch in batches_of(open_checked(file, contract), candidates):
            for name, values in found.items():
                column = contract.column(name)
                raw = batch.column(batch.schema.get_field_index(name))
                values.append(pc.unique(typed(contract, column, raw).array))
    sizes = {
        name: len(pc.unique(pa.chunked_array(values))) if values else 0
        for name, values in found.items()
    }
    return make_plan(contract, config, sizes)
