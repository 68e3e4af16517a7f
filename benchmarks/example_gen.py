"""Times our columnar ExampleGen against TFX's own Parquet executor on the same files.

Both run in this process, on the same rows, and must write the same features: the
serialized examples are parsed and compared as multisets. TFX's executor writes 0, 0.0
and "" like missing values, as features without a value, so both are compared after that
loss. Run it on an idle machine:

    python -m benchmarks.example_gen --rows 200000
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import logging
import os
import pathlib
import platform
import statistics
import tempfile
import time
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.components.example_gen import utils as example_gen_utils
from tfx.components.example_gen.custom_executors import parquet_executor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from common.tfx_compat import beam_arguments
from components.common import artifacts
from components.impression_example_gen import executor
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from components.span_window import window
from components.span_window.config import VolumeConfig
from data.log.rules import day_bounds
from schemas.own_features import ROW_ID_KEY

DATES = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04")
SCENARIOS = ("home", "search", "cart")
IDS, TEXTS, NUMBERS = 10, 6, 9  # with the six columns of the contract: 31
_REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
# Beam's own default: in memory, one worker. Any option without a package or setup file makes
# TFX build a package of itself first, which takes seconds and serves remote workers only.
IN_MEMORY: list[str] = []
THREADS = [
    "--direct_running_mode=multi_threading",
    "--direct_num_workers=2",
    f"--setup_file={_REPOSITORY / 'setup.py'}",
]


@dataclasses.dataclass(frozen=True)
class Timing:
    """One executor's runs: seconds each, and the folder of the last one's examples."""

    name: str
    seconds: list[float]
    level: int
    options: list[str]
    examples: pathlib.Path


def schema_text() -> str:
    """Returns the contract of the generated log."""
    one = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
    scenarios = " ".join(f'value: "{name}"' for name in SCENARIOS)
    blocks = [
        f'name: "time" type: INT {one} annotation {{ tag: "timestamp:unit=ms" }}',
        f'name: "user" type: INT {one} annotation {{ tag: "user_id" tag: "user" tag: "id" }}',
        f'name: "scenario" type: BYTES {one} string_domain {{ {scenarios} }} '
        'annotation { tag: "scenario" }',
        f'name: "click" type: INT {one} annotation {{ tag: "label:click" }}',
        f'name: "buy" type: INT {one} annotation {{ tag: "label:buy given:click" }}',
        f'name: "weight" type: FLOAT {one} annotation {{ tag: "weight" }}',
    ]
    blocks += [f'name: "id_{i}" type: INT {one} annotation {{ tag: "id" }}' for i in range(IDS)]
    blocks += [f'name: "text_{i}" type: BYTES annotation {{ tag: "id" }}' for i in range(TEXTS)]
    blocks += [
        f'name: "number_{i}" type: FLOAT annotation {{ tag: "numeric" }}' for i in range(NUMBERS)
    ]
    return "".join(f"feature {{ {block} }}\n" for block in blocks)


def write_log(folder: pathlib.Path, rows: int) -> None:
    """Writes `rows` random impressions of four days, two files a day; 2 % of values missing."""
    random = np.random.default_rng(7)
    per_file = rows // (2 * len(DATES))
    for date in DATES:
        start, end = day_bounds(date, 1_000)
        for part in range(2):
            half = (end - start) // 2
            low = start + part * half
            click = random.random(per_file) < 0.1
            columns: dict[str, Any] = {
                "time": np.sort(random.integers(low, low + half, per_file)),
                "user": random.integers(0, 50_000, per_file),
                "scenario": np.array(SCENARIOS)[random.integers(0, len(SCENARIOS), per_file)],
                "click": click.astype(np.int64),
                "buy": (click & (random.random(per_file) < 0.2)).astype(np.int64),
                "weight": random.random(per_file, dtype=np.float32),
            }
            for i in range(IDS):
                columns[f"id_{i}"] = random.zipf(1.3, per_file) % (1_000 * (i + 1))
            for i in range(TEXTS):
                texts = np.char.add(f"token_{i}_", random.integers(0, 5_000, per_file).astype(str))
                columns[f"text_{i}"] = pa.array(texts, mask=random.random(per_file) < 0.02)
            for i in range(NUMBERS):
                numbers = random.standard_normal(per_file).astype(np.float32)
                columns[f"number_{i}"] = pa.array(numbers, mask=random.random(per_file) < 0.02)
            path = folder / f"span={date}" / f"part-{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(columns), path)


def run_stock(work: pathlib.Path, options: list[str]) -> Timing:
    """Runs TFX's Parquet executor once, with its default gzip level."""
    examples = _artifact(standard_artifacts.Examples(), work / "stock")
    source = example_gen_pb2.Input(splits=[{"name": "all", "pattern": "span=*/*.parquet"}])
    properties = {
        "input_base": str(work / "log"),
        "input_config": proto_utils.proto_to_json(source),
        "output_config": proto_utils.proto_to_json(
            example_gen_utils.make_default_output_config(source)
        ),
    }
    context = BaseBeamExecutor.Context(beam_pipeline_args=beam_arguments(options))
    started = time.perf_counter()
    parquet_executor.Executor(context).Do({}, {"examples": [examples]}, properties)
    seconds = [time.perf_counter() - started]
    return Timing("TFX Parquet executor", seconds, 6, options, work / "stock")


def run_ours(
    work: pathlib.Path,
    name: str,
    level: int,
    options: list[str],
    runs: int,
    shards: int,
    schema_pbtxt: str = "",
) -> Timing:
    """Runs our executor `runs` times, with its contract checks.

    Args:
      work: the folder with the `log`, in which it works.
      name: of the executor, for people.
      level: of gzip.
      options: Beam's.
      runs: how often.
      shards: files a split.
      schema_pbtxt: the contract's text; empty for that of the generated log.
    """
    found = _artifact(artifacts.SpanWindow(), work / "window")
    window.write(window.Window(DATES[:3], DATES[3:]), found.uri)
    schema = _artifact(standard_artifacts.Schema(), work / "schema")
    pathlib.Path(schema.uri, "schema.pbtxt").write_text(
        schema_pbtxt or schema_text(), encoding="utf-8"
    )
    properties = {
        "data_path": str(work / "log"),
        "split": SplitConfig().model_dump_json(),
        "sampling": SamplingConfig().model_dump_json(),
        "volume": VolumeConfig().model_dump_json(),
        "shards": shards,
        "compression_level": level,
    }
    seconds = []
    for run in range(runs):
        folder = work / f"{name}-{run}"
        outputs = {
            "examples": [_artifact(standard_artifacts.Examples(), folder / "examples")],
            "quarantine": [_artifact(artifacts.Quarantine(), folder / "quarantine")],
        }
        context = BaseBeamExecutor.Context(beam_pipeline_args=beam_arguments(options))
        started = time.perf_counter()
        executor.Executor(context).Do({"window": [found], "schema": [schema]}, outputs, properties)
        seconds.append(time.perf_counter() - started)
    return Timing(name, seconds, level, options, folder / "examples")


_MISSING = [
    tf.train.Feature(),
    tf.train.Feature(int64_list=tf.train.Int64List(value=[0])),
    tf.train.Feature(float_list=tf.train.FloatList(value=[0.0])),
    tf.train.Feature(bytes_list=tf.train.BytesList(value=[b""])),
]


def _artifact(artifact: Any, folder: pathlib.Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    artifact.uri = str(folder)
    return artifact


def parsed(examples: pathlib.Path) -> collections.Counter[bytes]:
    """Reads the examples of all splits as a multiset.

    Missing features and zeros are left out, and the row ids that only ours have.
    """
    files = sorted(str(path) for path in examples.glob("Split-*/*"))
    found: collections.Counter[bytes] = collections.Counter()
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        example = tf.train.Example.FromString(record)
        features = example.features.feature
        features.pop(ROW_ID_KEY, None)
        for name in [name for name, feature in features.items() if feature in _MISSING]:
            del features[name]
        found[example.SerializeToString(deterministic=True)] += 1
    return found


def main() -> None:
    """Generates, runs, compares and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3, help="runs of ours; the median counts")
    parser.add_argument("--shards", type=int, default=4)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        write_log(work / "log", arguments.rows)
        runs, shards = arguments.runs, arguments.shards
        stock = run_stock(work, IN_MEMORY)
        ours = [
            run_ours(work, "Polyrank", 1, IN_MEMORY, runs, shards),
            run_ours(work, "Polyrank, gzip 6", 6, IN_MEMORY, runs, shards),
            run_ours(work, "Polyrank, threads", 1, THREADS, runs, shards),
        ]
        wanted = parsed(stock.examples)
        same = [parsed(timing.examples) == wanted for timing in ours]
        rows = sum(wanted.values())
        sizes = {
            timing.name: sum(p.stat().st_size for p in timing.examples.glob("Split-*/*"))
            for timing in [stock, *ours]
        }
    print(
        f"\n{rows:,} rows x {6 + IDS + TEXTS + NUMBERS} columns, {2 * len(DATES)} Parquet files, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, TF {tf.__version__}\n"
    )
    print(f"{'executor':22}{'seconds':>9}{'ratio':>7}{'gzip':>6}{'MB':>7}  Beam options")
    base = stock.seconds[0]
    for timing in [stock, *ours]:
        middle = statistics.median(timing.seconds)
        print(
            f"{timing.name:22}{middle:9.2f}{base / middle:7.1f}{timing.level:6}"
            f"{sizes[timing.name] / 1e6:7.1f}  {' '.join(timing.options[:2]) or 'in memory'}"
        )
    print(f"\nfeatures equal, row by row (zeros as missing, as TFX has them): {all(same)}")
    if not all(same):
        raise SystemExit("the executors wrote different features")


if __name__ == "__main__":
    main()
