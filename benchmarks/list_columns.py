"""Times ImpressionExampleGen on a log with lists and on the same log without them.

Both run in this process, one after the other, several times in turns. What counts is seconds per
megabyte of Arrow input: lists make rows larger, and should not make their bytes dearer. The lists
are a history of 50 events (item, category, action, time gap; some rows have fewer) and a vector of
64 numbers. Run it on an idle machine:

    python -m benchmarks.list_columns --rows 40000
"""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import platform
import statistics
import tempfile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.example_gen import DATES, IN_MEMORY, run_ours, schema_text, write_log

LENGTH, DIM = 50, 64
_GROUP = f"sequence:group=history,length={LENGTH}"
LIST_FEATURES = f"""
feature {{ name: "items" type: INT value_count {{ min: 0 }} annotation {{ tag: "{_GROUP}" }} }}
feature {{ name: "categories" type: BYTES value_count {{ min: 0 }}
  annotation {{ tag: "{_GROUP}" }} }}
feature {{ name: "actions" type: BYTES value_count {{ min: 0 }} annotation {{ tag: "{_GROUP}" }} }}
feature {{ name: "gaps" type: FLOAT value_count {{ min: 0 }}
  annotation {{ tag: "{_GROUP},buckets=16" }} }}
feature {{ name: "image" type: FLOAT value_count {{ min: {DIM} max: {DIM} }}
  annotation {{ tag: "vector:dim={DIM}" }} }}
"""


def lists_of(random: np.random.Generator, rows: int) -> dict[str, pa.Array]:
    """Returns the lists of `rows` impressions: one in ten has a shorter history than `LENGTH`."""
    lengths = np.where(random.random(rows) < 0.1, random.integers(0, LENGTH, rows), LENGTH)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    events = int(lengths.sum())
    categories = pa.array([f"category_{i}" for i in range(300)])
    actions = pa.array(["view", "click", "cart", "buy"])
    values = {
        "items": pa.array(random.zipf(1.3, events) % 1_000_000),
        "categories": categories.take(pa.array(random.integers(0, 300, events))),
        "actions": actions.take(pa.array(random.integers(0, 4, events))),
        "gaps": pa.array(random.exponential(3_600, events).astype(np.float32)),
    }
    found = {name: pa.ListArray.from_arrays(offsets, array) for name, array in values.items()}
    numbers = pa.array(random.standard_normal(rows * DIM).astype(np.float32))
    starts = pa.array(np.arange(rows + 1) * DIM, pa.int32())
    return {**found, "image": pa.ListArray.from_arrays(starts, numbers)}


def add_lists(source: pathlib.Path, target: pathlib.Path) -> None:
    """Writes the log below `source` with lists to `target`."""
    random = np.random.default_rng(11)
    for path in sorted(source.glob("*/*.parquet")):
        table = pq.read_table(path)
        for name, array in lists_of(random, table.num_rows).items():
            table = table.append_column(name, array)
        new = target / path.relative_to(source)
        new.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, new)


def arrow_bytes(folder: pathlib.Path) -> int:
    """Returns how many bytes a log has in Arrow's memory."""
    return sum(pq.read_table(path).nbytes for path in folder.glob("*/*.parquet"))


def main() -> None:
    """Generates, runs both in turns, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--shards", type=int, default=4)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    schemas = {"without lists": schema_text(), "with lists": schema_text() + LIST_FEATURES}
    seconds: dict[str, list[float]] = {name: [] for name in schemas}
    with tempfile.TemporaryDirectory() as folder:
        works = {name: pathlib.Path(folder, name.replace(" ", "-")) for name in schemas}
        plain, lists = (work / "log" for work in works.values())
        write_log(plain, arguments.rows)
        add_lists(plain, lists)
        size = {name: arrow_bytes(work / "log") for name, work in works.items()}
        for _ in range(arguments.runs):
            for name, schema in schemas.items():
                done = run_ours(works[name], "Polyrank", 1, IN_MEMORY, 1, arguments.shards, schema)
                seconds[name] += done.seconds
    _show(arguments.rows, seconds, size)


def _show(rows: int, seconds: dict[str, list[float]], size: dict[str, Any]) -> None:
    print(
        f"\n{rows:,} rows, {len(DATES)} days, histories of {LENGTH} x 4 and a vector of {DIM}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, Arrow {pa.__version__}\n"
    )
    print(f"{'log':16}{'Arrow MB':>9}{'seconds':>9}{'s per MB':>10}{'fastest':>9}")
    cost = {}
    for name, times in seconds.items():
        megabytes, middle = size[name] / 1e6, statistics.median(times)
        cost[name] = middle / megabytes
        print(f"{name:16}{megabytes:9.1f}{middle:9.2f}{cost[name]:10.4f}{min(times):9.2f}")
    without, with_lists = cost.values()
    print(f"\na megabyte with lists takes {with_lists / without:.2f} times the seconds")


if __name__ == "__main__":
    main()
