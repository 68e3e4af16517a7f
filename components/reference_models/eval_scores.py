"""The reference models' scores of the eval rows, by row id, as one Parquet file.

Columns: `output` (text), `row_id` (int64), and one of float64 for each reference model; a model
that an output does not have is null there.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from common.atomic_files import write_whole

FILE_NAME = "eval_scores.parquet"


class EvalScores(NamedTuple):
    """The scores of one output.

    Attributes:
      row_ids: of the rows in the output's space, unique, int64 [N].
      scores: reference model -> its probabilities of these rows, float64 [N].
    """

    row_ids: np.ndarray
    scores: Mapping[str, np.ndarray]


def write_eval_scores(uri: str, by_output: Mapping[str, EvalScores]) -> None:
    """Writes the scores of all outputs that have any into an artifact's folder."""
    models = list(dict.fromkeys(model for found in by_output.values() for model in found.scores))
    schema = pa.schema(
        [("output", pa.string()), ("row_id", pa.int64()), *((x, pa.float64()) for x in models)]
    )
    parts = []
    for output, found in by_output.items():
        rows = len(found.row_ids)
        columns = {"output": pa.repeat(output, rows), "row_id": found.row_ids}
        scores = {model: found.scores.get(model, pa.nulls(rows, pa.float64())) for model in models}
        parts.append(pa.table({**columns, **scores}, schema=schema))
    buffer = io.BytesIO()
    pq.write_table(pa.concat_tables([schema.empty_table(), *parts]), buffer)
    write_whole(f"{uri}/{FILE_NAME}", buffer.getvalue())


def read_eval_scores(uri: str) -> dict[str, EvalScores]:
    """Reads what `write_eval_scores` wrote: output -> its scores."""
    with fileio.open(f"{uri}/{FILE_NAME}", "rb") as file:
        table = pq.read_table(pa.BufferReader(file.read()))
    found = {}
    for output in pc.unique(table.column("output")).to_pylist():
        rows = table.filter(pc.equal(table.column("output"), output)).drop(["output"])
        columns = {
            name: rows.column(name).to_numpy()
            for name in rows.column_names
            if rows.column(name).null_count == 0
        }
        found[output] = EvalScores(columns.pop("row_id"), columns)
    return found
