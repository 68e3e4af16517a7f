"""Times `polyrank data history`: a made log of some days, with and without writing it.

Run it on an idle machine; on another one, processor seconds tell more than wall seconds:

    python -m benchmarks.histories --rows 1000000
"""

from __future__ import annotations

import argparse
import os
import pathlib
import platform
import resource
import shutil
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.history.config import HistoryConfig
from data.history.log_plan import plan_of_log
from data.history.plan import HistoryPlan
from data.history.write_log import write_histories
from data.log.span_writer import SECONDS_A_DAY, write_spans
from schemas.contract import Contract, parse_schema, read_contract

DAYS = 10
CLICK_RATE = 0.2
_START = 1_767_225_600  # 2026-01-01T00:00:00Z
_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "user" type: INT {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "item" type: INT {_ONE} annotation {{ tag: "item" tag: "id" }} }}
feature {{ name: "category" type: BYTES {_ONE} annotation {{ tag: "item" tag: "categorical" }} }}
feature {{ name: "click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
"""


def made_log(rows: int, users: int, seed: int = 1) -> pa.Table:
    """Rows at random times; few users come often, and many seldom."""
    draw = np.random.default_rng(seed)
    categories = pa.array([f"category {number}" for number in range(40)])
    return pa.table(
        {
            "time": _START + draw.integers(0, DAYS * SECONDS_A_DAY, rows),
            "user": (users * draw.random(rows) ** 2).astype(np.int64),
            "item": draw.integers(0, 50_000, rows),
            "category": categories.take(pa.array(draw.integers(0, 40, rows))),
            "click": (draw.random(rows) < CLICK_RATE).astype(np.int64),
        }
    )


def measure(plan: HistoryPlan, log: pathlib.Path, out: pathlib.Path | None) -> str:
    """One line of a table: what was done, and how many rows a second."""
    wall, processor = time.perf_counter(), time.process_time()
    written, _ = write_histories(plan, str(log), out)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    rows = written.report.read
    what = "events read, no log written" if out is None else "events read, log written"
    return (
        f"| {what} | {rows / wall:,.0f} | {rows / processor:,.0f} | "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB |"
    )


def mean_length(out: pathlib.Path) -> float:
    """Events a list."""
    files = sorted(out.glob("span=*/*.parquet"))
    lengths = [pc.list_value_length(pq.ParquetFile(f).read(["history_item"])[0]) for f in files]
    return float(np.mean(np.concatenate([length.to_numpy() for length in lengths])))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--length", type=int, default=50)
    given = parser.parse_args()
    contract: Contract = read_contract(parse_schema(SCHEMA))
    with tempfile.TemporaryDirectory() as folder:
        log, out = pathlib.Path(folder) / "log", pathlib.Path(folder) / "out"
        write_spans(made_log(given.rows, given.users), log, contract.timestamp)
        config = HistoryConfig(events=("click",), length=given.length, columns=("item", "category"))
        plan = plan_of_log(contract, config, str(log))
        lines = [measure(plan, log, None), measure(plan, log, out)]
        length = mean_length(out)
        shutil.rmtree(out)
    print(
        f"{given.rows:,} rows, {given.users:,} users, {DAYS} days, {CLICK_RATE:.0%} events, "
        f"L = {given.length}, {length:.1f} events a list; {platform.machine()}, "
        f"{os.cpu_count()} cores, Arrow {pa.__version__}\n"
    )
    print("| | rows a second | rows a processor second | memory at most |\n|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
