"""A study of transfer as a CSV file and as one JSON object."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from cli.compare.files import write_csv
from cli.compare.transfer.advice import advice, conclusion
from cli.compare.transfer.matrix import Gain, Matrix
from common.json_files import plain_json
from common.names import RESULT_FORMAT
from models.metrics.names import AUC

_COLUMNS = (
    "output",
    "scenario",
    "kind",
    "source",
    "gain",
    "half_interval_95",
    "seeds",
    "p_paired_t",
    "p_holm",
    "significant",
    "tested",
)


def write_transfer_csv(path: pathlib.Path, matrix: Matrix) -> None:
    """Writes one row an output, scenario, kind of gain and source; undefined is empty."""
    write_csv(path, _COLUMNS, (tuple(_summary(gain).values()) for gain in matrix.gains))


def transfer_document(
    settings: Mapping[str, Any], matrix: Matrix, rows: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Returns the numbers as plain values for JSON; an undefined one is null.

    Args:
      settings: what was trained.
      matrix: the gains.
      rows: split -> scenario -> rows.
    """
    document = {
        "format": RESULT_FORMAT,
        **settings,
        "scenarios": matrix.scenarios,
        "conclusion": conclusion(matrix),
        "advice": advice(matrix),
        "rows_by_scenario": rows,
        "joint": [
            {
                "output": output,
                "scenario": scenario,
                AUC: interval.mean,
                "half_interval_95": interval.half,
            }
            for (output, scenario), interval in matrix.joint.items()
        ],
        "gains": [
            {**_summary(gain), "values": {str(seed): x for seed, x in gain.values.items()}}
            for gain in matrix.gains
        ],
    }
    plain = plain_json(document)
    assert isinstance(plain, dict)
    return plain


def _summary(gain: Gain) -> dict[str, Any]:
    values = (
        gain.output,
        gain.scenario,
        gain.kind,
        gain.source,
        gain.interval.mean,
        gain.interval.half,
        gain.interval.seeds,
        gain.difference.p,
        gain.p_holm,
        gain.significant,
        gain.tested,
    )
    return dict(zip(_COLUMNS, values, strict=True))
