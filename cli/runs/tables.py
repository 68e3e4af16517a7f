"""The tables that end a run: metrics and verdicts, models side by side, the last line.

They show what was decided: the overall row of each output, and the cells that refused the
candidate. `verbose` shows every cell.
"""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.runs.models_table import comparison_lines, models_table, number_text
from cli.runs.result import RunResult
from common.names import OVERALL
from components.impression_example_gen.volume import volume_lines
from data.log.files import left_out_lines
from models.metrics.names import (
    AUC,
    CALIBRATION,
    GAUC,
    LOGLOSS,
    NEGATIVES,
    POSITIVES,
    TITLES,
)
from pipeline.outcome import Outcome

_VERDICT_COLORS = {"pass": "green", "fail": "red", "insufficient data": "yellow"}


def gate_table(cells: list[dict[str, Any]]) -> Table:
    """A row a cell: metrics, AUC gained on the baseline with its interval, verdict."""
    table = Table(
        title="Evaluation and gate", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    single = any(cell["scenario"] != OVERALL for cell in cells)
    table.add_column("output, scenario" if single else "output", no_wrap=True, min_width=22)
    compared = any("difference" in cell for cell in cells)
    gain = ("gain ± 95 %",) if compared else ()
    for name in (TITLES[AUC], *gain, TITLES[GAUC], TITLES[LOGLOSS], "calibr.", "pos.", "neg."):
        table.add_column(name, justify="right", no_wrap=True, min_width=max(6, len(name)))
    table.add_column("verdict", no_wrap=True)
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        overall = cell["scenario"] == OVERALL
        candidate = cell["candidate"]
        color = _VERDICT_COLORS[cell["verdict"]]
        table.add_row(
            escape(cell["output"] if overall else f"  {cell['scenario']}"),
            number_text(candidate[AUC]),
            *([_gain(cell)] if compared else ()),
            number_text(candidate[GAUC]),
            number_text(candidate[LOGLOSS]),
            number_text(candidate[CALIBRATION], ".3f"),
            number_text(candidate[POSITIVES], ",.0f"),
            number_text(candidate[NEGATIVES], ",.0f"),
            f"[{color}]{cell['verdict'].removesuffix(' data')}[/{color}]",
            style="bold" if overall else None,
            end_section=single and (following is None or cell["output"] != following["output"]),
        )
    return table


def _gain(cell: dict[str, Any]) -> str:
    """The AUC's difference to the baseline, and half its 95 % interval."""
    low, high = cell.get("intervals", {}).get(AUC, (None, None))
    if low is None:
        return number_text(cell.get("difference", {}).get(AUC), "+.4f")
    return f"{(low + high) / 2:+.4f}±{(high - low) / 2:.4f}"


def user_note(gate: dict[str, Any]) -> str | None:
    """Says which rows GAUC leaves out for want of a user; None where it leaves out none."""
    if gate.get("user_id", "") is None:
        return "no GAUC: the schema has no user_id"
    overall = [x["candidate"] for x in gate["cells"] if x["scenario"] == OVERALL]
    without, rows = max((x.get("without_user", 0), x[POSITIVES] + x[NEGATIVES]) for x in overall)
    if not without:
        return None
    return (
        f"GAUC leaves out {without:,.0f} of {rows:,.0f} rows ({without / rows:.1%}), whose "
        f"{gate['user_id']} is empty (guests)"
    )


def refusals(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells that each kept the candidate from being promoted."""
    return [cell for cell in cells if cell["refuses"]]


def reasons(cells: list[dict[str, Any]]) -> Table:
    """One sentence for every cell that did not pass."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for cell in cells:
        if cell["verdict"] != "pass":
            color = _VERDICT_COLORS[cell["verdict"]]
            name = f"{cell['output']}/{cell['scenario']}"
            table.add_row(f"[{color}]{escape(name)}[/{color}]", escape(cell["reason"]))
    return table


def last_line(result: RunResult) -> str:
    """Says how the run ended and why, on one line."""
    where = f" (log: {result.run_directory / 'run.log'})"
    if result.outcome is Outcome.PUSHED:
        return f"pushed: version {result.version}; {result.reason}"
    return f"{result.outcome.status}: {result.reason}{where}"


def print_result(console: Console, result: RunResult, *, verbose: bool = False) -> None:
    """Shows the tables that the run got to, then the last line.

    Args:
      console: where to.
      result: how the run ended.
      verbose: shows the cells of all scenarios, and why each did not pass.
    """
    cells = result.gate.get("cells")
    if cells:
        shown = cells if verbose else [cell for cell in cells if cell["scenario"] == OVERALL]
        console.print(gate_table(shown))
        if note := user_note(result.gate):
            console.print(f" {note}", markup=False)
        explained = cells if verbose else refusals(cells)
        if explained:
            console.print(reasons(explained))
        if len(shown) < len(cells):
            rest = f" {len(cells) - len(shown)} cells of single scenarios: --verbose shows them"
            console.print(rest, markup=False)
        for sentence in result.gate["situations"]:
            console.print(f" {sentence}", markup=False)
        for sentence in result.gate.get("warnings", ()):
            console.print(f" [yellow]warning[/yellow]: {escape(sentence)}", soft_wrap=True)
    if cells and result.references:
        console.print(models_table(result))
    for line in comparison_lines(result.gate):
        console.print(line, soft_wrap=True)
    # Where the log was read in this run, it was said then.
    if result.cached_log:
        for line in (*left_out_lines(result.left_out()), *volume_lines(result.small_spans())):
            console.print(line, markup=False, soft_wrap=True)
    console.print(last_line(result), markup=False, soft_wrap=True)
