"""The Arrow types of a contract's columns."""

from __future__ import annotations

import pandas as pd
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
    return [
        pa.field(x.name, pa.list_(_TYPES[x.type]) if x.ragged else _TYPES[x.type])
        for x in contract.columns
    ]


def contract_table(contract: Contract, rows: pd.DataFrame) -> pa.Table:
    """The contract's columns of `rows` as a table, in the schema's order."""
    fields = arrow_fields(contract)
    names = [field.name for field in fields]
    table = pa.Table.from_pandas(rows[names], pa.schema(fields), preserve_index=False)
    return table.replace_schema_metadata(None)
