"""A comparison as a picture: every model's difference to the baseline, cell by cell."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cli.compare.summary import FEWEST, MEAN, CellSummary
from common.names import OVERALL
from models.metrics.names import AUC, TITLES

_COLUMNS = 3
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Distinguishable for people who are colour-blind (Okabe and Ito)."""
_MARKERS = "osD^vPX"


def plot_differences(
    path: pathlib.Path, cells: Sequence[CellSummary], baseline: str, metric: str = AUC
) -> None:
    """Writes a PNG with one panel an output: differences with their 95 % intervals.

    Filled markers differ from the baseline after Holm's adjustment; with a single seed all are
    hollow and there is no interval. Cells with too few rows to test are left empty: their wide
    intervals would squeeze all others.
    """
    chosen = [cell for cell in cells if cell.metric == metric and cell.output != MEAN]
    outputs = list(dict.fromkeys(cell.output for cell in chosen))
    scenarios = list(dict.fromkeys(cell.scenario for cell in chosen))
    models = list(dict.fromkeys(cell.model for cell in chosen if cell.difference is not None))
    columns = min(_COLUMNS, len(outputs))
    lines = -(-len(outputs) // columns)
    height = 1.2 + 0.13 * len(scenarios) * (len(models) + 1.5)
    figure = Figure(figsize=(4.6 * columns + 1, height * lines + 0.8), layout="constrained")
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for panel, output in zip(panels, outputs, strict=False):
        _draw(panel, [cell for cell in chosen if cell.output == output], models, scenarios)
        panel.set_title(output, fontsize=10)
        panel.set_xlabel(f"{TITLES[metric]} minus that of {baseline}", fontsize=9)
    for panel in panels[len(outputs) :]:
        panel.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=len(models), frameon=False)
    seeds = max((cell.interval.seeds for cell in chosen), default=0)
    figure.supxlabel(_caption(seeds), fontsize=8)
    figure.savefig(path, dpi=120)


def _caption(seeds: int) -> str:
    if seeds < 2:
        return "one seed: no intervals, differences may be chance"
    return (
        f"mean and 95 % interval over {seeds} seeds, paired by seed; "
        "filled: p < 0.05 after Holm's adjustment"
    )


def _draw(
    panel: Axes, cells: Sequence[CellSummary], models: Sequence[str], scenarios: Sequence[str]
) -> None:
    rows = np.arange(len(scenarios))[::-1].astype(float)
    panel.axvline(0, color="0.4", linewidth=0.8, zorder=0)
    for position, row in enumerate(rows):
        if position % 2:
            panel.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=-1)
    offsets = [0.0] if len(models) == 1 else np.linspace(0.36, -0.36, len(models))
    for index, (model, offset) in enumerate(zip(models, offsets, strict=True)):
        color, marker = _COLORS[index % len(_COLORS)], _MARKERS[index % len(_MARKERS)]
        by_scenario = {cell.scenario: cell for cell in cells if cell.model == model}
        labelled = False
        for scenario, row in zip(scenarios, rows, strict=True):
            cell = by_scenario[scenario]
            if cell.difference is None or not cell.tested:
                continue
            interval = cell.difference.interval
            panel.errorbar(
                interval.mean,
                row + offset,
                xerr=None if np.isnan(interval.half) else interval.half,
                color=color,
                marker=marker,
                markersize=4,
                markerfacecolor=color if cell.significant else "white",
                linewidth=1,
                capsize=2,
                linestyle="none",
                label=None if labelled else model,
            )
            labelled = True
    for scenario in {cell.scenario for cell in cells if not cell.tested}:
        panel.annotate(
            f"fewer than {FEWEST} positives or negatives",
            (0.5, rows[list(scenarios).index(scenario)]),
            xycoords=("axes fraction", "data"),
            ha="center",
            va="center",
            color="0.5",
            fontsize=7,
        )
    panel.set_yticks(
        rows, [f"{OVERALL} (all scenarios)" if name == OVERALL else name for name in scenarios]
    )
    panel.set_ylim(-0.5, len(scenarios) - 0.5)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)
