"""A comparison's numbers as CSV files and as one JSON object."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from cli.compare.summary import CellSummary, ModelSummary
from common.json_files import plain_json
from common.names import RESULT_FORMAT
from models.trials.result import TrialResult

_LONG = (
    "model",
    "output",
    "scenario",
    "metric",
    "seed",
    "value",
    "positives",
    "negatives",
    "users",
)
_SUMMARY = (
    "model",
    "output",
    "scenario",
    "metric",
    "mean",
    "half_interval_95",
    "seeds",
    "difference",
    "difference_half_interval_95",
    "difference_seeds",
    "p_paired_t",
    "p_holm",
    "standing",
    "positives",
    "negatives",
    "users",
    "tested",
)


def write_comparison_csv(path: pathlib.Path, cells: Iterable[CellSummary]) -> None:
    """Writes one row a model, output, scenario, metric and seed; an undefined metric is empty."""
    rows = (
        (*_place(cell), seed, value, cell.positives, cell.negatives, cell.users)
        for cell in cells
        for seed, value in cell.values.items()
    )
    write_csv(path, _LONG, rows)


def write_summary_csv(path: pathlib.Path, cells: Iterable[CellSummary]) -> None:
    """Writes one row a model, output, scenario and metric."""
    write_csv(path, _SUMMARY, (tuple(_summary(cell).values()) for cell in cells))


def comparison_document(
    settings: dict[str, Any],
    cells: Sequence[CellSummary],
    models: Sequence[ModelSummary],
    results: Sequence[TrialResult],
) -> dict[str, Any]:
    """Returns the numbers as plain values for JSON; an undefined one is null.

    Args:
      settings: what was compared.
      cells: every model in every cell.
      models: every model with a finished trial.
      results: the finished trials.
    """
    document = {
        "format": RESULT_FORMAT,
        **settings,
        "costs": {
            found.model: {
                "parameters": found.parameters,
                "network_parameters": found.network_parameters,
                "seconds": found.seconds,
                "latency_ms": found.latency_ms,
                "examples": found.examples,
                "epochs": found.epochs,
                "seeds": list(found.seeds),
            }
            for found in models
        },
        "cells": [
            {**_summary(cell), "values": {str(seed): x for seed, x in cell.values.items()}}
            for cell in cells
        ],
        "trials": [
            {
                "model": result.model,
                "seed": result.seed,
                "best_epoch": result.best_epoch,
                "monitor": result.monitor,
                "seconds": result.seconds,
                "fingerprint": result.fingerprint,
            }
            for result in results
        ],
    }
    plain = plain_json(document)
    assert isinstance(plain, dict)
    return plain


def _place(cell: CellSummary) -> tuple[str, str, str, str]:
    return cell.model, cell.output, cell.scenario, cell.metric


def _summary(cell: CellSummary) -> dict[str, Any]:
    difference = cell.difference
    interval = difference.interval if difference else None
    values = (
        *_place(cell),
        cell.interval.mean,
        cell.interval.half,
        cell.interval.seeds,
        interval.mean if interval else None,
        interval.half if interval else None,
        interval.seeds if interval else None,
        difference.p if difference else None,
        cell.p_holm,
        cell.standing,
        cell.positives,
        cell.negatives,
        cell.users,
        cell.tested,
    )
    return dict(zip(_SUMMARY, values, strict=True))


def write_csv(path: pathlib.Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a header and rows; None and NaN are empty, floats have all their digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: Any) -> Any:
    if value is None or value != value:
        return ""
    return repr(value) if isinstance(value, float) else value
