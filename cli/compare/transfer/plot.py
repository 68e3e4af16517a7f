"""A study of transfer as a picture: who gains from whom."""

from __future__ import annotations

import pathlib

import numpy as np
from matplotlib.figure import Figure

from cli.compare.summary import MEAN
from cli.compare.transfer.matrix import Matrix

_LEAST = 1e-4
"""Colours reach this far at least, so that no noise looks like an effect."""


def plot_transfer(path: pathlib.Path, matrix: Matrix, output: str = MEAN) -> None:
    """Writes a PNG: a cell a scenario and source of rows, blue for a gain and red for a loss.

    Gains that differ from 0 after Holm's adjustment have a star. The diagonal, what a scenario's
    own rows add, is left without a colour: it is larger than all others.
    """
    names = matrix.scenarios
    sources = ("", *names)
    values, texts = np.full((len(names), len(sources)), np.nan), {}
    for i, name in enumerate(names):
        for j, source in enumerate(sources):
            gain = matrix.gain(output, name, source)
            if gain is None or gain.interval.mean != gain.interval.mean:
                continue
            texts[i, j] = f"{gain.interval.mean:+.4f}{'*' if gain.significant else ''}"
            if gain.kind != "itself":
                values[i, j] = gain.interval.mean
    limit = max(float(np.nanmax(np.abs(values), initial=0)), _LEAST)
    figure = Figure(figsize=(2.4 + 0.95 * len(sources), 2 + 0.5 * len(names)), layout="constrained")
    panel = figure.subplots()
    drawn = panel.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    for (i, j), text in texts.items():
        dark = abs(values[i, j]) > 0.6 * limit
        panel.text(j, i, text, ha="center", va="center", fontsize=7, color="w" if dark else "0.15")
    panel.set_xticks(range(len(sources)), ["all others", *names], rotation=45, ha="right")
    panel.set_yticks(range(len(names)), names)
    panel.axvline(0.5, color="0.3", linewidth=1)
    panel.set_xlabel("whose rows are learned from too")
    panel.set_ylabel("whose eval rows are ranked")
    panel.tick_params(labelsize=8)
    figure.colorbar(drawn, label=f"gain in AUC ({output})")
    figure.savefig(path, dpi=120)
