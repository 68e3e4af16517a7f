"""What was pruned, and what a work folder holds, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.filesize import decimal
from rich.table import Table

if TYPE_CHECKING:
    from pipeline.retention.prune import Pruned
    from pipeline.retention.sizes import Sizes


def pruned_line(pruned: Pruned, *, dry_run: bool = False) -> str:
    """Says what was pruned, or would be, on one line."""
    counts = f"{len(pruned.runs)} runs, {len(pruned.versions)} versions"
    return f"{'would be ' * dry_run}pruned: {counts}, {decimal(pruned.bytes)}"


def sizes_table(sizes: Sizes) -> Table:
    """One row a run, a version and a kind of what is shared; the last is their sum."""
    table = Table(title="On disk", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("what", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    rows = [(f"run {name[:15]}", size) for name, size in sizes.runs.items()]
    rows += [(f"version {name}", size) for name, size in sizes.versions.items()]
    for name, size in [*rows, *sizes.other.items(), ("all of it", sizes.total)]:
        table.add_row(name, decimal(size))
    return table
