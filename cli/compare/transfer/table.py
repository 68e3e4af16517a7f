"""A study of transfer on the terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from cli.compare.report import interval_text
from cli.compare.summary import MEAN
from cli.compare.tables import plain_table
from cli.compare.transfer.matrix import Matrix
from cli.compare.transfer.report import gain_text


def matrix_table(matrix: Matrix) -> Table:
    """One line a scenario: its AUC, what training together adds, and what each other's rows do."""
    table = plain_table("Gains in AUC (mean over outputs) of a scenario, by whose rows are added")
    table.add_column("scenario", no_wrap=True)
    for name in ("AUC", "over alone", *(f"from {escape(name)}" for name in matrix.scenarios)):
        table.add_column(name, justify="right")
    for name in matrix.scenarios:
        gains = [matrix.gain(MEAN, name, source) for source in ("", *matrix.scenarios)]
        joint = matrix.joint[MEAN, name]
        table.add_row(
            escape(name),
            interval_text(joint.mean, joint.half),
            *(f"[bold]{gain_text(x)}[/]" if x and x.significant else gain_text(x) for x in gains),
        )
    return table
