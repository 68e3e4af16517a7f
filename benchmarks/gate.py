"""What the gate's own numbers cost compared with the Evaluator that gathers their rows.

    python -m benchmarks.gate [--rows 20000]

The stock Evaluator scores synthetic rows with two models and computes the gate's metric over
all rows and seven scenarios, intervals included. For comparison: the metric's arithmetic alone on
as many rows of the same slices, the paired differences' part of it, and PromotionGate itself.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import logging
import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import tensorflow as tf
from google.protobuf import json_format
from tfx.components.evaluator.executor import Executor as EvaluatorExecutor
from tfx.types import Artifact, standard_artifacts

from common.names import EVAL
from common.tfx_compat import beam_arguments
from components.baseline.null_model import save_null_model
from components.common.artifacts import GateResult
from components.impression_example_gen.example_encoder import encode
from components.promotion_gate.executor import Executor as GateExecutor
from data.synthetic import SyntheticConfig, draw_log
from data.synthetic.columns import SCHEMA, contract
from models.metrics.paired import paired_differences
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import exact_numbers
from models.metrics.tfma.eval_config import SCORING_MODULE, make_eval_config

_TYPES = {"int": pa.int64(), "float": pa.float32(), "bytes": pa.binary()}


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def slices(rows: int) -> list[ScoredRows]:
    """All rows and those of every scenario, with random scores of two models."""
    random = np.random.default_rng(1)
    outputs = len(contract().tasks.outputs)
    values = random.random((rows, 4, outputs)).astype(np.float32)
    values[:, 0] = values[:, 0] < 0.1
    values[:, 1] = 1.0
    whole = ScoredRows(values, random.integers(0, rows // 10, rows))
    shares = SyntheticConfig().world.shares
    scenario = random.choice(len(shares), rows, p=np.array(shares) / sum(shares))
    return [whole, *(whole.at(scenario == k) for k in range(len(shares)))]


def differences(rows: ScoredRows) -> list[object]:
    """The paired differences of every output."""
    columns = (rows.targets, rows.scores(0), rows.scores(1), rows.weights)
    return [
        paired_differences(t[:, o], c[:, o], b[:, o], w[:, o], rows.users)
        for o in range(rows.outputs)
        for t, c, b, w in (columns,)
    ]


def artifact(kind: type[Artifact], path: pathlib.Path) -> list[Artifact]:
    """An artifact of a folder, as executors get it."""
    path.mkdir(parents=True, exist_ok=True)
    found = kind()
    found.uri = str(path)
    return [found]


def write_examples(path: pathlib.Path, rows: int) -> None:
    """Writes the rows of a synthetic log as tf.Examples."""
    table = draw_log(SyntheticConfig(rows=rows, days=1))
    columns = {
        column.name: table[column.name].combine_chunks().cast(_TYPES[column.type])
        for column in contract().columns
    }
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for example in encode(columns):
            writer.write(example)


def main() -> None:
    """Prints seconds and shares of the Evaluator's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    logging.disable(logging.WARNING)  # Of models that know nothing nothing good is said.
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_examples(folder / "examples" / "Split-eval" / "rows.gz", rows)
        for model in ("candidate", "baseline"):
            save_null_model(contract(), str(folder / model / "Format-Serving"))
        schema = artifact(standard_artifacts.Schema, folder / "schema")
        (folder / "schema" / "schema.pbtxt").write_bytes(SCHEMA.read_bytes())
        examples = artifact(standard_artifacts.Examples, folder / "examples")
        examples[0].split_names = f'["{EVAL}"]'
        baseline = artifact(standard_artifacts.Model, folder / "baseline")
        baseline[0].set_int_custom_property("exists", 1)
        baseline[0].set_string_custom_property("version", "1")
        models = {
            "model": artifact(standard_artifacts.Model, folder / "candidate"),
            "baseline_model": baseline,
        }
        evaluation = artifact(standard_artifacts.ModelEvaluation, folder / "evaluation")
        blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
        config = json_format.MessageToJson(
            make_eval_config(contract()), preserving_proto_field_name=True
        )
        context = EvaluatorExecutor.Context(
            beam_pipeline_args=beam_arguments([]), tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        evaluator = seconds(
            lambda: EvaluatorExecutor(context).Do(
                {"examples": examples, **models},
                {"evaluation": evaluation, "blessing": blessing},
                {
                    "eval_config": config,
                    "example_splits": f'["{EVAL}"]',
                    "module_path": SCORING_MODULE,
                },
            )
        )
        gate = seconds(
            lambda: GateExecutor().Do(
                {"evaluation": evaluation, "baseline_model": baseline, "schema": schema},
                {
                    "blessing": blessing,
                    "gate": artifact(GateResult, folder / "gate"),
                },
                {"gate_config": "{}", "code_digest": "x"},
            )
        )
    parts = slices(rows)
    print(f"{rows} rows, {len(contract().tasks.outputs)} outputs, 2 models, {len(parts)} slices")
    for name, found in (
        ("Evaluator", evaluator),
        ("the metric's arithmetic", seconds(lambda: [exact_numbers(part) for part in parts])),
        ("  paired differences of it", seconds(lambda: [differences(part) for part in parts])),
        ("PromotionGate", gate),
    ):
        print(f"{name:28s} {found:7.2f} s  {found / evaluator:6.1%}")


if __name__ == "__main__":
    main()
