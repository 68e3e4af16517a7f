"""The candidate and the simple models side by side, and what the gate makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from cli.runs.result import RunResult
from common.names import OVERALL
from models.metrics.names import AUC, LOGLOSS

_COLORS = {"better": "green", "worse": "red", "undecided": "yellow"}


def number_text(value: Any, form: str = ".4f") -> str:
    """Writes a number, or `-` where there is none."""
    return "-" if value is None or value != value else format(value, form)


def models_table(result: RunResult) -> Table:
    """AUC and log loss over all scenarios, of the model and of the simple ones.

    Where they were compared, a second row has the AUC gained with its 95 % interval, and a third
    the verdicts.
    """
    outputs = result.references["outputs"]
    names = list(
        dict.fromkeys(
            name
            for found in outputs.values()
            for name, values in found.items()
            if isinstance(values, dict)
        )
    )
    table = Table(
        title="Compared with simple models: AUC (log loss) over all scenarios",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("output", no_wrap=True)
    # A model is called as in settings, where an underscore may be of a module of the user's own.
    for title in (escape(result.model), *(name.replace("_", " ") for name in names)):
        table.add_column(title, justify="right", no_wrap=True)
    compared = result.gate.get("references", {}).get("outputs", {})
    for output, found in outputs.items():
        model = result.metrics()[output][OVERALL]
        values = [model, *(found.get(name) for name in names)]
        table.add_row(escape(output), *(_auc_and_loss(value) for value in values))
        if models := compared.get(output, {}).get("models"):
            rows = _rows(compared[output])
            table.add_row(f"  gain, {rows}", "", *(_gain(models.get(name)) for name in names))
            table.add_row("  verdict", "", *(_verdict(models.get(name)) for name in names))
    return table


def comparison_lines(gate: Mapping[str, Any]) -> list[str]:
    """Says, in rich's markup, what was proved worse and what was not compared."""
    found = gate.get("references")
    if not found or found["mode"] == "off":
        return []
    label = "[red]refused[/red]" if found["mode"] == "refuse" else "[yellow]warning[/yellow]"
    lines = [f" {label}: {escape(reason)}" for reason in found["worse"]]
    left_out = {name: x["reason"] for name, x in found["outputs"].items() if "reason" in x}
    if found["reason"]:
        left_out = {"": found["reason"]}
    for name, reason in left_out.items():
        where = f"{name} is " if name else ""
        lines.append(escape(f" {where}not compared with simple models: {reason}"))
    return lines


def _auc_and_loss(values: Any) -> str:
    if not isinstance(values, dict):
        return "-"
    return f"{number_text(values[AUC])} ({number_text(values[LOGLOSS])})"


def _rows(compared: Mapping[str, Any]) -> str:
    rows, whole = compared["rows"], compared["of"]
    return f"{rows:,} rows" if rows == whole else f"{rows:,} of {whole:,} rows"


def _gain(values: Mapping[str, Any] | None) -> str:
    low, high = values["intervals"][AUC] if values else (None, None)
    if low is None:
        return "-"
    return f"{(low + high) / 2:+.4f}±{(high - low) / 2:.4f}"


def _verdict(values: Mapping[str, Any] | None) -> str:
    if not values:
        return "-"
    verdict = values["verdict"]
    return f"[{_COLORS[verdict]}]{verdict}[/{_COLORS[verdict]}]"
