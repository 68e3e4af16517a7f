"""The Arrow types of a contract's columns."""

from __future__ import annotations

import pyarrow as pa

from schemas.column import ColumnType
from schemas.contract import Contract

_TYPES: dict[ColumnType, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float32(),
    "bytes": pa.string(),
}


def arrow_fields(contract: Contract) -> list[pa.Field]:
    """One field a column, in the schema's order."""
    return [pa.field(column.name, _TYPES[column.type]) for column in contract.columns]
