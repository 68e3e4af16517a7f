"""A log with Arrow lists, and what is proposed for it."""

import pyarrow as pa
from inferred import infer, logged

ROWS = logged(rows=2_000)
LOG = pa.Table.from_pandas(ROWS, preserve_index=False)
COUNT = len(ROWS)
ITEMS = ROWS.item_id.to_numpy()
INTS, TEXTS, NUMBERS = pa.list_(pa.int64()), pa.list_(pa.string()), pa.list_(pa.float32())


def proposed(folder, **columns):
    """What is made of the log with these columns too, held against the whole log."""
    table = LOG
    for name, values in columns.items():
        table = table.append_column(name, values)
    found = infer(folder, table, name="log.parquet")
    assert "2,000 keep the contract" in found.check()
    return found


def tagged(found, name):
    column = found.contract.column(name)
    assert column.ragged
    return column.list_treatment


def left_out(found, name):
    return found.line(f"left out: {name} (").removeprefix(f"left out: {name} (").removesuffix(")")
