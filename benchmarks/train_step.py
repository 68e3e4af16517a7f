"""Seconds of a training step of every architecture, next to the parameters of its network.

    python -m benchmarks.train_step [--names mmoe] [--histories mean din attention]
    python -m benchmarks.train_step --names mmoe --rules pcgrad pcgrad:scenario
    python -m benchmarks.train_step --compared [--names mmoe "mmoe, task"] [--rows 1024]

Synthetic rows from memory: 24 fields of 16, 5 scenarios, click -> conversion, batches of
4,096, and every architecture with its default sizes. With --compared: the equally large models of
the claims (`benchmarks.proof.models.settings`), as they are trained there, on the columns and
labels of the synthetic log. The models take turns, and the ratio is of their median steps, so that
other load on the machine hits all alike; seconds of all cores are less sensitive to it than wall
time. AutoIFS's step is one of its search.

``--names mmoe --histories mean din attention`` adds to every row 50 ids of the largest table, and
says how many times the step of MMoE without a history each way of reading them takes. ``--rules``
does the same for gradient rules, on gradients of outputs or, with ``:scenario``, of scenarios.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from typing import Any, get_args

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING
from benchmarks.proof.models.sizes import columns_of, make_ranker
from benchmarks.step_times import Timed, measure, timed
from common.suggestions import nearest
from data.synthetic.columns import contract
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
    value_key,
    weight_key,
)
from models.ranker import Ranker
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

FIELDS = 24
SCENARIOS = 5
LENGTH = 50
IDS = 20_000
"""Of each of the synthetic log's two columns whose values are learned."""

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


def batches(
    inputs: InputLayout, rows: int, count: int, tasks: TaskGraph = TASKS
) -> list[dict[str, tf.Tensor]]:
    """Batches with ids of a power law and random labels."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(count):
        batch = {SCENARIO_KEY: random.integers(0, len(inputs.scenarios), rows)}
        for field in inputs.fields:
            batch[field.key] = (field.size * random.random(rows) ** 3).astype(np.int64)
        for name in inputs.numeric:
            batch[value_key(name)] = random.normal(size=rows).astype(np.float32)
        for group in inputs.sequences:
            batch[lengths_key(group.name)] = random.integers(0, group.length + 1, rows)
            for column in group.columns:
                ids = column.size * random.random((rows, group.length)) ** 3
                batch[column.key] = ids.astype(np.int64)
        for output in tasks.outputs:
            batch[target_key(output.name)] = random.integers(0, 2, rows).astype(np.float32)
            batch[weight_key(output.name)] = np.ones(rows, np.float32)
        found.append({key: tf.constant(value) for key, value in batch.items()})
    return found


def compared(options: argparse.Namespace) -> dict[str, Timed]:
    """The models of the claims, on the columns of the synthetic log."""
    names = dict.fromkeys([REFERENCE, *(options.names or COMPARED)])
    training = _training(options, learning_rate=TRAINING["learning_rate"])
    inputs, tasks = columns_of(contract(), IDS), contract().tasks
    data = batches(inputs, options.rows, 8, tasks)
    return {name: timed(make_ranker(MODELS[name], inputs, tasks, training), data) for name in names}


def defaults(options: argparse.Namespace) -> dict[str, Timed]:
    """Every architecture with its own defaults, and with histories where they are wanted."""
    plain = layout(options.largest)
    read = with_history(plain)
    data = batches(read if options.histories else plain, options.rows, 8)
    training = _training(options)
    steps = {}

    def make(title: str, inputs: InputLayout, **model: Any) -> None:
        config = registry.parse_model_config({"wide": options.wide, **model})
        steps[title] = timed(Ranker(inputs, TASKS, config, training), data)

    for name in dict.fromkeys([REFERENCE, *(options.names or registry.names())]):
        make(name, plain, name=name)
        for kind in options.histories:
            make(f"{name}, {kind}", read, name=name, histories=kind)
        for rule in options.rules:
            choice, _, parts = rule.partition(":")
            setting = {"gradient_rule": choice, "gradient_parts": parts or "output"}
            make(f"{name}, {rule}", plain, name=name, **setting)
    return steps


def _training(options: argparse.Namespace, **more: Any) -> TrainingConfig:
    return TrainingConfig(
        optimizer=options.optimizer, precision=options.precision, xla=options.xla, **more
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--compared", action="store_true", help="the models of the claims")
    parser.add_argument("--names", nargs="*", help="models; all without it")
    parser.add_argument("--rows", type=int, default=4096, help="rows of a batch")
    parser.add_argument("--largest", type=int, default=100_000, help="rows of the largest table")
    parser.add_argument("--repeats", type=int, default=30, help="timed steps of each")
    parser.add_argument("--wide", action="store_true", help="with the wide part")
    parser.add_argument("--optimizer", default="adam", choices=["adam", "adagrad", "sgd"])
    parser.add_argument("--precision", default="float32")
    parser.add_argument(
        "--histories", nargs="*", default=[], choices=get_args(Histories), help="read too"
    )
    parser.add_argument(
        "--rules", nargs="*", default=[], help="gradient rules, say pcgrad or pcgrad:scenario"
    )
    parser.add_argument("--xla", action="store_true")
    options = parser.parse_args()
    if options.compared and (options.histories or options.rules or options.wide):
        parser.error("--compared has its own settings: leave out --histories, --rules and --wide")
    known = MODELS if options.compared else registry.names()
    for name in options.names or ():
        if name not in known:
            parser.error(f"--names: unknown '{name}'; {nearest(name, list(known))}")

    # Every model's step is traced once, which TensorFlow takes for retracing.
    tf.get_logger().setLevel("ERROR")
    steps = compared(options) if options.compared else defaults(options)
    medians = measure(steps, options.repeats)
    reference, _ = medians[REFERENCE]
    width = max(map(len, medians))
    print(
        f"{'model':<{width}} {'ms':>7} {'ms of all cores':>15} {'ratio':>6} {'rows/s':>10} "
        f"{'network parameters':>18} {'of the plain step':>17}"
    )
    for title, (median, used) in medians.items():
        # A model's name may have a comma too.
        plain = title.rpartition(", ")[0] if options.histories or options.rules else title
        without, _ = medians.get(plain, (median, used))
        print(
            f"{title:<{width}} {1000 * median:>7.1f} {1000 * used:>15.1f} "
            f"{reference / median:>6.2f} {options.rows / median:>10,.0f} "
            f"{steps[title].parameters:>18,} {median / without:>17.2f}"
        )


if __name__ == "__main__":
    main()
