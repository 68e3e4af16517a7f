"""A comparison's tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from cli.compare.report import interval_text
from cli.compare.summary import MEAN, CellSummary, ModelSummary
from common.names import OVERALL
from models.metrics.names import AUC, TITLES


def models_table(
    cells: Sequence[CellSummary], models: Sequence[ModelSummary], baseline: str
) -> Table:
    """One line a model: its mean AUC, the difference to the baseline, and what it costs."""
    table = plain_table(f"Models (mean over outputs and seeds; Δ to {baseline}, paired by seed)")
    table.add_column("model", no_wrap=True)
    for name in (TITLES[AUC], f"Δ {TITLES[AUC]}", "p", "parameters", "seconds", "latency ms"):
        table.add_column(name, justify="right", no_wrap=True)
    means = {cell.model: cell for cell in cells if (cell.output, cell.metric) == (MEAN, AUC)}
    for found in models:
        cell = means[found.model]
        difference = cell.difference
        table.add_row(
            found.model,
            interval_text(cell.interval.mean, cell.interval.half),
            interval_text(*difference.interval[:2], "+.4f") if difference else "-",
            f"{difference.p:.3f}" if difference and difference.p == difference.p else "-",
            f"{found.parameters:,}",
            "-" if found.seconds != found.seconds else f"{found.seconds:.1f}",
            f"{found.latency_ms:.2f}",
            style=_style(cell),
        )
    return table


def output_table(cells: Sequence[CellSummary], models: Sequence[str], metric: str) -> Table:
    """One line an output: a metric over all scenarios, model by model."""
    table = plain_table(f"{TITLES[metric]} over all scenarios")
    table.add_column("output", no_wrap=True)
    for model in models:
        table.add_column(model, justify="right", no_wrap=True)
    chosen = [cell for cell in cells if (cell.scenario, cell.metric) == (OVERALL, metric)]
    for output in dict.fromkeys(cell.output for cell in chosen if cell.output != MEAN):
        of_models = {cell.model: cell for cell in chosen if cell.output == output}
        table.add_row(
            escape(output),
            *(
                f"[{style}]{text}[/]" if (style := _style(of_models[model])) else text
                for model in models
                for text in [interval_text(of_models[model].interval.mean, float("nan"))]
            ),
        )
    return table


def _style(cell: CellSummary) -> str | None:
    return "bold" if cell.standing == "best" else None


def plain_table(title: str) -> Table:
    """A table with a title and a line below its header."""
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
