"""The words of `polyrank data history`."""

from __future__ import annotations

import pathlib
import time

from data.history.plan import HistoryPlan
from data.history.write_log import Written
from data.log.files import left_out_lines

_MOST_REASONS = 5


def history_lines(
    plan: HistoryPlan,
    written: Written,
    out: pathlib.Path | None,
    schema_out: pathlib.Path | None,
    started: float,
) -> list[str]:
    """What was read and written, for people.

    Args:
      plan: what the lists hold.
      written: what was read and written.
      out: the new log's folder; None where only the state is written.
      schema_out: its schema.
      started: of the command, on the monotonic clock.
    """
    lines = left_out_lines(tuple(written.left_out))
    report, rows = written.report, written.report.read
    if report.quarantined:
        lines.append(
            f"{report.quarantined:,} of {rows:,} rows break the contract: they stay as they are, "
            "are no events and have no history"
        )
        lines += [f"  {reason}" for reason in report.reasons()[:_MOST_REASONS]]
    if written.dropped:
        names = ", ".join(sorted(written.dropped))
        lines.append(f"not in the schema, so not written from CSV files: {names}")
    columns = ", ".join(column.name for column in plan.values)
    lines.append(
        f"{written.events:,} of {rows:,} rows are events ({', '.join(plan.config.events)}), listed "
        f"by {columns}"
    )
    lines.append(
        f"empty lists: {written.empty:,} rows before their user's first event, {written.guests:,} "
        "rows without a user"
    )
    if out is not None:
        if written.kept:
            lines.append(f"kept as they were: the spans {written.kept[0]} to {written.kept[-1]}")
        lines.append(
            f"{out}: {rows:,} rows in {len(written.dates)} spans, {written.dates[0]} to "
            f"{written.dates[-1]} ({time.monotonic() - started:.1f} s); schema: {schema_out}"
        )
    return lines
