"""What large embedding tables cost: bytes of variables, and a step with Adam and with Adagrad.

One field of many values and 23 small ones, Shared-Bottom with the wide part, batches of 4,096.
The optimizers take turns on the same batches, and ratios are of their median steps, so that
other load on the machine hits both alike. Run it as ``python -m benchmarks.large_tables``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Literal

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from benchmarks.train_step import SCENARIOS, TASKS, batches
from models.config import TrainingConfig
from models.features.inputs import Field, InputLayout
from models.ranker import Ranker
from models.registry import parse_model_config

BATCH_ROWS = 4096
OPTIMIZERS: tuple[Literal["adagrad", "adam"], ...] = ("adagrad", "adam")


def make_ranker(values: int, optimizer: Literal["adagrad", "adam"]) -> Ranker:
    """A model with one field of so many values."""
    small = tuple(Field(f"field_{i}", 100) for i in range(23))
    scenarios = tuple(f"scenario_{k}" for k in range(SCENARIOS))
    layout = InputLayout((Field("id", values), *small), (), scenarios)
    model = parse_model_config({"name": "shared_bottom"})
    return Ranker(layout, TASKS, model, TrainingConfig(optimizer=optimizer))


def variable_bytes(ranker: Ranker) -> int:
    """Bytes of the model's variables and of its optimizer's."""
    found = [*ranker.variables, *ranker.optimizer.variables]
    return sum(x.dtype.size * x.shape.num_elements() for x in {id(x): x for x in found}.values())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=20, help="timed steps of each")
    options = parser.parse_args()
    print(f"{'values':>12}  {'GB adagrad':>10} {'GB adam':>10}  {'step, adam / adagrad':>20}")
    for values in options.values:
        rankers = {name: make_ranker(values, name) for name in OPTIMIZERS}
        data = batches(rankers["adam"].layout, BATCH_ROWS, 4)
        steps = {name: tf.function(ranker.train_step) for name, ranker in rankers.items()}
        seconds: dict[str, list[float]] = {name: [] for name in OPTIMIZERS}
        for repeat in range(-1, options.repeats):
            for name, step in steps.items():
                start = time.perf_counter()
                step(data[repeat % len(data)])["loss"].numpy()
                if repeat >= 0:  # The first traces.
                    seconds[name].append(time.perf_counter() - start)
        adagrad, adam = (variable_bytes(rankers[name]) / 1e9 for name in OPTIMIZERS)
        medians = {name: statistics.median(taken) for name, taken in seconds.items()}
        ratio = medians["adam"] / medians["adagrad"]
        print(f"{values:>12,}  {adagrad:>10.3f} {adam:>10.3f}  {ratio:>20.2f}")


if __name__ == "__main__":
    main()
