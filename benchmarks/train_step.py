"""Speed of a training step of every architecture, relative to Shared-Bottom.

Synthetic rows from memory: 24 fields of 16, 5 scenarios, click -> conversion, batches of
4,096. The architectures take turns, and the ratio is of their median steps, so that other
load on the machine hits all alike. Run it as ``python -m benchmarks.train_step``.

``--names mmoe --histories mean din attention`` adds to every row 50 ids of the largest table, and
says how often the time of MMoE's step without a history each way of reading them takes.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import time
from typing import Any, get_args

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from models import registry
from models.config import Histories, TrainingConfig
from models.features.inputs import (
    SCENARIO_KEY,
    Field,
    InputLayout,
    ListField,
    SequenceInput,
    lengths_key,
    target_key,
    weight_key,
)
from models.ranker import Ranker
from schemas.task_graph import Label, sorted_by_parents

FIELDS = 24
SCENARIOS = 5
LENGTH = 50
REFERENCE = "shared_bottom"
TASKS = sorted_by_parents(
    [Label("click", "is_click"), Label("conversion", "is_conversion", "click", True)]
)


def layout(largest: int) -> InputLayout:
    """Fields whose sizes grow geometrically from 10 to `largest` rows."""
    sizes = np.geomspace(10, largest, FIELDS).astype(int)
    fields = tuple(Field(f"field_{i}", int(size)) for i, size in enumerate(sizes))
    return InputLayout(fields, (), tuple(f"scenario_{k}" for k in range(SCENARIOS)))


def with_history(inputs: InputLayout) -> InputLayout:
    """Adds a history of ids of the largest field."""
    shared = inputs.fields[-1]
    column = ListField("seen", shared.name, shared.size, LENGTH)
    return dataclasses.replace(inputs, sequences=(SequenceInput("seen", LENGTH, (column,)),))


def batches(inputs: InputLayout, rows: int, count: int) -> list[dict[str, tf.Tensor]]:
    """Batches with ids of a power law and random labels."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(count):
        batch = {SCENARIO_KEY: random.integers(0, SCENARIOS, rows)}
        for field in inputs.fields:
            batch[field.key] = (field.size * random.random(rows) ** 3).astype(np.int64)
        for group in inputs.sequences:
            batch[lengths_key(group.name)] = random.integers(0, group.length + 1, rows)
            for column in group.columns:
                ids = column.size * random.random((rows, group.length)) ** 3
                batch[column.key] = ids.astype(np.int64)
        for output in TASKS.outputs:
            batch[target_key(output.name)] = random.integers(0, 2, rows).astype(np.float32)
            batch[weight_key(output.name)] = np.ones(rows, np.float32)
        found.append({key: tf.constant(value) for key, value in batch.items()})
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="*", help="architectures; all without it")
    parser.add_argument("--rows", type=int, default=4096, help="rows of a batch")
    parser.add_argument("--largest", type=int, default=100_000, help="rows of the largest table")
    parser.add_argument("--repeats", type=int, default=30, help="timed steps of each")
    parser.add_argument("--wide", action="store_true", help="with the wide part")
    parser.add_argument("--optimizer", default="adam", choices=["adam", "adagrad", "sgd"])
    parser.add_argument("--precision", default="float32")
    parser.add_argument(
        "--histories", nargs="*", default=[], choices=get_args(Histories), help="read too"
    )
    parser.add_argument("--xla", action="store_true")
    options = parser.parse_args()

    plain = layout(options.largest)
    read = with_history(plain)
    data = batches(read if options.histories else plain, options.rows, 8)
    training = TrainingConfig(
        optimizer=options.optimizer, precision=options.precision, xla=options.xla
    )
    steps = {}

    def make(title: str, inputs: InputLayout, **model: Any) -> None:
        config = registry.parse_model_config({"wide": options.wide, **model})
        ranker = Ranker(inputs, TASKS, config, training)
        steps[title] = tf.function(ranker.train_step)
        steps[title](data[0])

    for name in {REFERENCE: None, **dict.fromkeys(options.names or registry.names())}:
        make(name, plain, name=name)
        for kind in options.histories:
            make(f"{name}, {kind}", read, name=name, histories=kind)

    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(options.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step(data[repeat % len(data)])["loss"].numpy()
            seconds[name].append(time.perf_counter() - start)

    medians = {title: statistics.median(taken) for title, taken in seconds.items()}
    print(f"{'architecture':<24} {'ratio':>6} {'rows/s':>10} {'of a step without history':>26}")
    for title, median in medians.items():
        without = medians[title.partition(",")[0]]
        figures = f"{medians[REFERENCE] / median:>6.2f} {options.rows / median:>10,.0f}"
        print(f"{title:<24} {figures} {median / without:>26.2f}")


if __name__ == "__main__":
    main()
