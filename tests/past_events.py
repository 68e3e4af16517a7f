"""A small log, and its histories as a slow loop over rows writes them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contract import parse_schema, read_contract

DAY = 86_400
START = 1_767_225_600  # 2026-01-01T00:00:00Z
DATES = ("2026-01-01", "2026-01-02", "2026-01-03")

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
# A shop's log.
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp:unit=ms" }} }}
feature {{ name: "user" type: BYTES annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "page" type: BYTES {_ONE} annotation {{ tag: "scenario" tag: "categorical" }}
  string_domain {{ value: "home" value: "search" }} }}
feature {{ name: "item" type: INT {_ONE} annotation {{ tag: "item" tag: "id" }} }}
feature {{ name: "brand" type: BYTES annotation {{ tag: "item" tag: "categorical" }} }}
feature {{ name: "price" type: FLOAT {_ONE} annotation {{ tag: "item" tag: "numeric" }} }}
feature {{ name: "click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "paid" type: FLOAT annotation {{ tag: "label:buy given:click above:5" }} }}
"""
CONTRACT = read_contract(parse_schema(SCHEMA))


def random_day(day: int, rows: int, seed: int) -> pa.Table:
    """Rows of a day in no order, of few users and few times, so that many have the same ones."""
    draw = np.random.default_rng((seed, day))
    click = draw.random(rows) < 0.5
    users = draw.integers(0, 6, rows)
    seconds = draw.integers(0, 40, rows) * (DAY // 40)
    paid = np.where(click, draw.integers(0, 11, rows), 0).astype(np.float32)
    return pa.table(
        {
            "time": pa.array((START + day * DAY + seconds) * 1_000 + draw.integers(0, 3, rows)),
            "user": pa.array([None if u == 0 else "" if u == 1 else f"u{u}" for u in users]),
            "page": pa.array(np.array(("home", "search"))[draw.integers(0, 2, rows)]),
            "item": pa.array(draw.integers(0, 9, rows)),
            "brand": pa.array([None if b == 0 else f"b{b}" for b in draw.integers(0, 4, rows)]),
            "price": pa.array(draw.random(rows), pa.float32()),
            "click": pa.array(click.astype(np.int64)),
            "paid": pa.array(paid, mask=draw.random(rows) < 0.02),
            "note": pa.array([f"row {row}" for row in range(rows)]),
        }
    )


def write_log(folder, tables: dict[str, pa.Table], rows_a_file: int = 70) -> str:
    """Writes days as spans of several files; returns the folder."""
    for date, table in tables.items():
        span = folder / f"span={date}"
        span.mkdir(parents=True)
        for part, start in enumerate(range(0, table.num_rows, rows_a_file)):
            rows = table.slice(start, rows_a_file)
            pq.write_table(rows, span / f"part-{part}.parquet", row_group_size=25)
    return str(folder)


def read_day(folder, date: str) -> pa.Table:
    """All rows of a span, in order."""
    parts = sorted((folder / f"span={date}").glob("*.parquet"))
    return pa.concat_tables([pq.ParquetFile(part).read() for part in parts])


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The history of one row by the rule itself, one event at a time, oldest first."""

    items: list[int]
    brands: list[str]
    prices: list[float]
    actions: list[str]
    gaps: list[int]
    times: list[int]


def by_hand(tables: list[pa.Table], length: int, delay: int, own: bool) -> list[list[Wanted]]:
    """The histories of all days' rows, from a list of all rows: for the tests' own settings.

    Events are clicks, and payments above 5, which are `buy`.
    """
    days = [table.to_pylist() for table in tables]
    rows = [row for day in days for row in day]
    return [[_of_row(row, rows, length, delay, own) for row in day] for day in days]


def _of_row(row: dict, rows: list[dict], length: int, delay: int, own: bool) -> Wanted:
    past = []
    for other in rows:
        if not row["user"] or other["user"] != row["user"]:
            continue
        if own and other["page"] != row["page"]:
            continue
        if not other["time"] < row["time"] or other["time"] > row["time"] - delay * 1_000:
            continue
        if other["click"] == 1 or (other["paid"] or 0) > 5:
            past.append(other)
    past = sorted(past, key=lambda other: other["time"])[-length:]
    return Wanted(
        [other["item"] for other in past],
        [other["brand"] or "" for other in past],
        [other["price"] for other in past],
        ["buy" if (other["paid"] or 0) > 5 else "click" for other in past],
        [(row["time"] - other["time"]) // 1_000 for other in past],
        [other["time"] for other in past],
    )
