"""Casts whole columns for a file that is written: a value with no place in its type is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from common.errors import BadDataError
from data.log import columns
from data.log.check_batch import shown
from data.log.rules import what_was_wanted
from schemas.contract import Contract

_ADVICE = "fix or drop them, or change the feature's type in the schema"


def cast_or_refuse(
    contract: Contract, batch: pa.RecordBatch, field: pa.Field, source: str, first: int
) -> pa.Array:
    """Casts one column of a batch.

    Args:
      contract: the data contract.
      batch: of a file, [N].
      field: the column's name, and the type that it gets.
      source: the file's name.
      first: row of the file that is the batch's first.

    Returns:
      The column in that type [N], null where it is missing.

    Raises:
      BadDataError: a value can't be cast, or a row has no time; names file, row and column.
    """
    column = contract.column(field.name)
    raw = batch.column(batch.schema.get_field_index(field.name))
    value = columns.typed(contract, column, raw)
    no_time = column == contract.timestamp and value.array.null_count > 0
    wrong = {**value.broken, **({"missing": _nulls(value.array)} if no_time else {})}
    for reason, rows in wrong.items():
        row = int(np.flatnonzero(rows)[0])
        wanted, advice = column.type.upper(), ""
        if column.ragged:
            wanted, advice = what_was_wanted(reason, column)
        raise BadDataError(
            f"{source}, row {first + row}, column '{column.name}': got {shown(raw[row].as_py())}, "
            f"want {wanted} ({reason}; {int(rows.sum()):,} such rows nearby); "
            f"{advice or _ADVICE}"
        )
    return value.array.cast(field.type)


def _nulls(array: pa.Array) -> np.ndarray:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))
