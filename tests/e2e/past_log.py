"""A log of three days in which a click depends on what the user saw before, and its contract.

The first two days are Parquet files with lists, the third is a CSV file that holds them as text.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
FIRST_SECOND = 1_767_225_600  # 2026-01-01T00:00:00Z
ITEMS, USERS, KINDS = 24, 80, 3
LENGTH, PICTURE = 5, 4
_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
_LATE = f'{_ONE} not_in_environment: "SERVING"'
_LIST = "value_count { min: 0 }"

SCHEMA = f"""
default_environment: "TRAINING"
default_environment: "SERVING"
feature {{ name: "time" type: INT {_LATE} annotation {{ tag: "timestamp:unit=s" }} }}
feature {{ name: "page" type: BYTES {_ONE} annotation {{ tag: "scenario" tag: "context" }}
  string_domain {{ value: "home" value: "search" }} }}
feature {{ name: "user" type: INT {_ONE} annotation {{ tag: "user_id" tag: "user" tag: "id" }} }}
feature {{ name: "item" type: BYTES {_ONE} annotation {{ tag: "item" tag: "id" }} }}
feature {{ name: "seen" type: BYTES {_LIST}
  annotation {{ tag: "user" tag: "sequence:of=item,length={LENGTH},group=past,text=pipe" }} }}
feature {{ name: "seen_action" type: BYTES {_LIST} string_domain {{ value: "look" value: "buy" }}
  annotation {{ tag: "user" tag: "sequence:length={LENGTH},group=past,text=pipe" }} }}
feature {{ name: "seen_gap" type: FLOAT {_LIST}
  annotation {{ tag: "user" tag: "sequence:length={LENGTH},group=past,buckets=4,text=json" }} }}
feature {{ name: "words" type: BYTES {_LIST}
  annotation {{ tag: "item"
    tag: "multi_value:pooling=mean,length=3,weights=word_weights,text=json" }} }}
feature {{ name: "word_weights" type: FLOAT {_LIST} }}
feature {{ name: "picture" type: FLOAT value_count {{ min: {PICTURE} max: {PICTURE} }}
  annotation {{ tag: "item" tag: "vector:dim={PICTURE},normalize=l2,text=json" }} }}
feature {{ name: "click" type: INT {_LATE} annotation {{ tag: "label:click" }} }}
"""

LISTS = ("seen", "seen_action", "seen_gap", "words", "word_weights", "picture")
TEXTS = {"seen": "pipe", "seen_action": "pipe"}
"""How a CSV file holds a list; those that are not named are JSON."""


def kind(item: str) -> int:
    """The kind of an item, which no column says."""
    return int(item[1:]) % KINDS


def made_rows(rows: int, seed: int = 7) -> list[dict[str, Any]]:
    """Rows in the order of time; what was seen is of one kind, and a click on it is likely."""
    random = np.random.default_rng(seed)
    pictures = random.normal(size=(ITEMS, PICTURE)).astype(np.float32)
    found = []
    for number in range(rows):
        item = f"i{random.integers(ITEMS)}"
        wanted = int(random.integers(KINDS))
        count = int(random.choice((0, 1, LENGTH - 1, LENGTH, LENGTH + 1)))
        seen = [f"i{x * KINDS + wanted}" for x in random.integers(ITEMS // KINDS, size=count)]
        words = int(random.integers(4))
        chance = 0.3 if not seen else (0.85 if wanted == kind(item) else 0.05)
        row: dict[str, Any] = {
            "time": FIRST_SECOND + number * 86_400 * len(DAYS) // rows,
            "page": ("home", "search")[number % 2],
            "user": int(random.integers(USERS)),
            "item": item,
            "seen": seen,
            "seen_action": [str(x) for x in random.choice(("look", "buy"), count)],
            # Quarters, which text and float32 hold exactly.
            "seen_gap": sorted((random.integers(1, 400, count) / 4).tolist(), reverse=True),
            "words": [f"w{x}" for x in random.integers(9, size=words)],
            "word_weights": (random.integers(1, 9, words) / 4).tolist(),
            "picture": pictures[int(item[1:])].tolist() if number % 10 else None,
            "click": int(random.random() < chance),
        }
        found.append(row)
    return found


def write_log(folder: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    """Writes the spans: Parquet, and the last day as CSV."""
    for number, day in enumerate(DAYS):
        start = FIRST_SECOND + number * 86_400
        table = table_of([row for row in rows if start <= row["time"] < start + 86_400])
        place = folder / f"span={day}"
        place.mkdir(parents=True)
        if day == DAYS[-1]:
            pyarrow.csv.write_csv(as_text(table), place / "part-0.csv")
        else:
            pq.write_table(table, place / "part-0.parquet")


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as columns; lists are lists."""
    names = {"seen": pa.string(), "seen_action": pa.string(), "words": pa.string()}
    types = {name: pa.list_(names.get(name, pa.float32())) for name in LISTS}
    return pa.table(
        {name: pa.array([row[name] for row in rows], types.get(name)) for name in rows[0]}
    )


def as_text(table: pa.Table) -> pa.Table:
    """The same with text for every list; an empty list is an empty text, or `[]`."""
    for name in LISTS:
        cells = table[name].to_pylist()
        texts = [_text(name, cell) for cell in cells]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(texts))
    return table


def _text(name: str, cell: list[Any] | None) -> str | None:
    if cell is None:
        return None
    return "|".join(cell) if TEXTS.get(name) == "pipe" else json.dumps(cell)
