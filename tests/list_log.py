"""A small log with lists, and contracts of lists alone."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from impression_log import SCHEMA, Log, day_table

from schemas.contract import Contract, parse_schema, read_contract

LISTS = """
feature { name: "items" type: INT value_count { min: 0 }
  annotation { tag: "sequence:group=history,length=3,text=json" } }
feature { name: "acts" type: BYTES value_count { min: 0 }
  annotation { tag: "sequence:group=history,length=3,text=pipe" } }
feature { name: "image" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 4 } }
  annotation { tag: "vector:dim=4,text=comma" } }
feature { name: "voice" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "vector:dim=2,text=space" } }
"""


def contract_of(lists: str) -> Contract:
    """Returns the contract of these features alone; they may name those of `SCHEMA`."""
    contract = read_contract(parse_schema(SCHEMA + lists))
    others = len(read_contract(parse_schema(SCHEMA)).columns)
    return dataclasses.replace(contract, columns=contract.columns[others:])


def day_lists(day: int, rows: int = 40) -> dict[str, list[Any]]:
    """The lists of a day's rows: row i has i % 5 events, and no voice where i % 4 is 0."""
    row = range(day * rows, (day + 1) * rows)
    return {
        "items": [[i * 10 + k for k in range(i % 5)] for i in row],
        "acts": [[("view", "buy é")[k % 2] for k in range(i % 5)] for i in row],
        "image": [[i / 2, -1.0, 0.25, 3e-5] for i in row],
        "voice": [None if i % 4 == 0 else [i / 8, 1.0] for i in row],
    }


TYPES = {
    "items": pa.list_(pa.int32()),
    "acts": pa.large_list(pa.string()),
    "image": pa.list_(pa.float64(), 4),
    "voice": pa.list_(pa.float32()),
}


def write_lists(
    log: Log, change: Callable[[int, dict[str, list[Any]]], None] = lambda day, lists: None
) -> None:
    """Gives the log of `impression_log` these lists, in one file a day, after a `change`."""
    (log.folder / "log" / "span=2026-01-01" / "part-1.parquet").unlink()
    for day in range(3):
        table, lists = day_table(day), day_lists(day)
        change(day, lists)
        for name, kind in TYPES.items():
            table = table.append_column(name, pa.array(lists[name], kind))
        log.write(day, table)
