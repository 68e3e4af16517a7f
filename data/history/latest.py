"""Each user's history after a log's last day, for a server."""

from __future__ import annotations

import os
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

from common.atomic_files import whole_file
from common.json_files import to_text
from data.history.carried import CarriedHistories, event_lists
from data.history.plan import ARROW_TYPES, GAP, TIME, HistoryPlan

_ROWS_A_GROUP = 1 << 16


def write_latest(plan: HistoryPlan, carried: CarriedHistories, path: str | os.PathLike[str]) -> int:
    """Writes one row a user (and scenario, where a history is of its own) as Parquet.

    The columns are the user_id, the scenario where histories are of it, and the lists that
    training saw, but the gaps: `GROUP_time` holds the events' times in the log's unit instead. At
    a request the gap of an event is `(now - time) // ticks per second`, in whole seconds. With a
    `delay` lists also hold the events that are not old enough yet, and so may be longer than L:
    a request takes the newest L with `time <= now - delay`.

    Args:
      plan: what the lists hold.
      carried: the histories after the last day.
      path: the file; one that is there is replaced.

    Returns:
      The number of rows.
    """
    windows, events = carried.latest()
    schema = _schema(plan)
    count = len(windows.starts)
    with (
        whole_file(path) as unfinished,
        pathlib.Path(unfinished).open("wb") as file,
        pq.ParquetWriter(file, schema, compression="snappy") as writer,
    ):
        for start in range(0, count, _ROWS_A_GROUP):
            some = windows.rows(start, start + _ROWS_A_GROUP)
            first = events.take(some.starts)
            columns = {plan.user.name: first.users.cast(schema.field(0).type)}
            if plan.own_scenario is not None:
                names = pa.array(plan.own_scenario.values, pa.string())
                columns[plan.own_scenario.name] = names.take(pa.array(first.scenarios))
            columns |= event_lists(plan, some, events)
            columns[plan.name(TIME)] = some.lists(pa.array(events.times))
            arrays = [columns[field.name] for field in schema]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return count


def _schema(plan: HistoryPlan) -> pa.Schema:
    fields = [pa.field(plan.user.name, ARROW_TYPES[plan.user.type])]
    if plan.own_scenario is not None:
        fields.append(pa.field(plan.own_scenario.name, pa.string()))
    fields += [field for field in plan.fields if field.name != plan.name(GAP)]
    fields.append(pa.field(plan.name(TIME), pa.list_(pa.int64())))
    settings = to_text(plan.config.model_dump())
    return pa.schema(fields, {"polyrank.history": settings})
