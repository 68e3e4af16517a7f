"""A log of one's own, in whatever files, as spans: through the pipeline's own reader."""

from __future__ import annotations

import pathlib

import numpy as np
import pyarrow as pa

from common.errors import BadDataError
from data.inference.sample import log_files
from data.log import columns
from data.log.arrow_schema import arrow_fields
from data.log.check_batch import shown
from data.log.formats.opening import open_log
from data.log.span_writer import write_spans
from schemas.contract import Contract


def write_user_files(
    contract: Contract, source: pathlib.Path, out: pathlib.Path, overwrite: bool = False
) -> None:
    """Writes the contract's columns of all files as `<out>/span=YYYY-MM-DD/part-*.parquet`.

    Rows go to the UTC day of their timestamp. Values are cast as ImpressionExampleGen casts
    them; what the contract says of them (labels, scenarios) is its business still. All rows are
    held in memory until they are written.

    Args:
      contract: the data contract.
      source: a folder of Parquet, CSV and TFRecord files, or one of them.
      out: the log's folder.
      overwrite: replaces spans that exist already.

    Raises:
      BadDataError: a file can't be read or lacks a column, a value can't be cast, a row has no
        time, or a span exists already and must not be overwritten; nothing is written then.
    """
    schema = pa.schema(arrow_fields(contract))
    batches: list[pa.RecordBatch] = []
    for path in log_files(source):
        name = str(path.relative_to(source)) if source.is_dir() else path.name
        reader = open_log(contract, str(path), name)
        columns.check_schema(contract, _as_texts(contract, reader.schema), name, reader.untyped)
        first = 0
        for group in range(reader.groups):
            for batch in reader.batches(group, schema.names):
                arrays = [_cast(contract, batch, field, name, first) for field in schema]
                first += batch.num_rows
                batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    write_spans(pa.Table.from_batches(batches, schema), out, contract.timestamp, overwrite)


def _as_texts(contract: Contract, schema: pa.Schema) -> pa.Schema:
    """The schema of a file with text in the place of whole numbers where the contract has text.

    Numbers of pages and categories are often written as such.
    """
    for index, field in enumerate(schema):
        wanted = {column.name: column.type for column in contract.columns}.get(field.name)
        if wanted == "bytes" and pa.types.is_integer(field.type):
            schema = schema.set(index, pa.field(field.name, pa.string()))
    return schema


def _cast(
    contract: Contract, batch: pa.RecordBatch, field: pa.Field, source: str, first: int
) -> pa.Array:
    column = contract.column(field.name)
    raw = batch.column(batch.schema.get_field_index(field.name))
    if column.type == "bytes" and pa.types.is_integer(raw.type):
        raw = raw.cast(pa.string())
    value = columns.typed(contract, column, raw)
    no_time = column.name == contract.timestamp.name and value.array.null_count > 0
    wrong = {**value.broken, **({"missing": _nulls(value.array)} if no_time else {})}
    for reason, rows in wrong.items():
        row = int(np.flatnonzero(rows)[0])
        raise BadDataError(
            f"{source}, row {first + row}, column '{column.name}': got {shown(raw[row].as_py())}, "
            f"want {column.type.upper()} ({reason}; {int(rows.sum()):,} such rows nearby); mend or "
            "drop them, or change the feature's type in the schema"
        )
    return value.array.cast(field.type)


def _nulls(array: pa.Array) -> np.ndarray:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))
