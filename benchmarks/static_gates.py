"""Latency, size and operations of AutoIFS's served graph with static and with dynamic gates.

    python -m benchmarks.static_gates [--rows 1000] [--out work/proof]

Both graphs are the `predict` signature of the SavedModel, transform graph included, on the
synthetic log. They take turns, so that other load on the machine hits both alike. Static
graphs are shown with every flow kept (the worst case: only the selection network and its
copy of the embeddings are gone) and with the scenario-specific flows removed; mixed ones with
half of the gates static, so that the selection network stays.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import pathlib
import statistics
import time
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.proof.worlds.rows import transform_graph
from common.names import PREDICT
from data.synthetic import SyntheticConfig, draw_log
from data.synthetic.columns import contract
from models.config import TrainingConfig
from models.export.saved_model import ServingModule
from models.features.layout import build_input_layout
from models.features.parsing import DTYPES
from models.ranker import Ranker
from models.registry import parse_model_config
from models.zoo.multi_scenario.autoifs.static_gates import StaticGates

SIZES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "published": {
        "bottom_units": (1024, 512),
        "scenario_units": (256,),
        "selection_units": (1024, 512),
        "embedding_dim": 16,
    },
}
SHARED = (True, False, True, False)
"""The flows that start from what scenarios share, of `FLOWS`."""

ALL = (True, True, True, True)
NONE = (False, False, False, False)


class Gates(NamedTuple):
    """The gates of a graph, alike for every (scenario, label).

    Attributes:
      kept: the flows that are kept where they are static.
      static: the flows whose gate is static; the others are a row's own.
    """

    kept: tuple[bool, ...] = ALL
    static: tuple[bool, ...] = NONE


GATES = {
    "dynamic": Gates(),
    "mixed, shared flows static": Gates(ALL, SHARED),
    "mixed, specific flows removed": Gates(SHARED, tuple(not x for x in SHARED)),
    "static, all kept": Gates(ALL, ALL),
    "static, shared flows kept": Gates(SHARED, ALL),
}


def served(output: Any, size: str, gates: Gates) -> Any:
    """The `predict` signature of an AutoIFS with these gates."""
    layout, tasks = build_input_layout(contract(), output), contract().tasks
    every = len(layout.scenarios), len(tasks.labels), 1
    kept, static = np.tile(gates.kept, every), np.tile(gates.static, every)
    fixed = kept.tolist() if static.all() else None
    config = parse_model_config({"name": "autoifs", **SIZES[size], "fixed_flows": fixed})
    ranker = Ranker(layout, tasks, config, TrainingConfig())
    if fixed is None:
        # Serving a retrained model: hard gates, read from the copy of the embeddings.
        ranker.architecture.start_phase("retrain")
        if static.any():
            # As `prepare_export` leaves it where rows agree on these gates.
            ranker.architecture._static = StaticGates(kept, static)
    module = ServingModule(ranker, output.transform_features_layer(), contract())
    return module.functions[PREDICT], module


def requests(rows: int) -> dict[str, tf.Tensor]:
    """Columns of the log's first rows, as a client sends them."""
    table = draw_log(SyntheticConfig(rows=rows, days=1))
    found = {}
    for column in contract().serving_features:
        values = table[column.name].to_numpy()
        found[column.name] = tf.cast(tf.constant(values), DTYPES[column.type])
    return found


def timed(
    calls: dict[str, Any], columns: dict[str, tf.Tensor], repeats: int
) -> dict[str, list[float]]:
    """Milliseconds of every call, the calls taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(repeats + 5):
        for name, call in calls.items():
            started = time.perf_counter()
            call(**columns)["click"].numpy()
            if repeat >= 5:
                taken[name].append((time.perf_counter() - started) * 1e3)
    return taken


def main() -> None:
    """Prints one table a size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("work/proof"))
    given = parser.parse_args()
    output = tft.TFTransformOutput(str(transform_graph(given.out / "rows")))
    columns = requests(given.rows)
    for size in SIZES:
        built = {name: served(output, size, gates) for name, gates in GATES.items()}
        calls = {name: function for name, (function, _) in built.items()}
        taken = timed(calls, columns, given.repeats)
        reference = statistics.median(taken["dynamic"])
        print(f"\n{size} sizes, {given.rows} rows of one request")
        for name, (function, _) in built.items():
            median = statistics.median(taken[name])
            values = sum(int(np.prod(v.shape)) for v in function.variables if v.dtype.is_floating)
            products = [x for x in function.graph.get_operations() if "MatMul" in x.type]
            flops = sum(_flops(x) for x in products)
            print(
                f"{name:<30} {median:7.2f} ms = {median / reference:5.1%}  "
                f"{values:>9,} weights  {len(products)} products, {flops:,} multiply-adds a row"
            )


def _flops(product: tf.Operation) -> int:
    """Multiply-adds a row of a product with a kernel: the kernel's size."""
    shape = product.inputs[1].shape
    return int(np.prod(shape)) if shape.is_fully_defined() else 0


if __name__ == "__main__":
    main()
