"""The rows of a world's log, transformed and held, and the rows that judge.

One transform graph serves all worlds, and another one those with histories. The pipeline makes
it once, from a log of the default world: every world has the same columns with the same domains,
so that another log's graph would differ in the rarest ids only, and a world then costs seconds and
not minutes.

The judging rows are equally many of every scenario, by the log's own law: a scenario with a
handful of conversions in the log still gets a precise AUC against its true probabilities.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
import shutil
import tempfile
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.proof.worlds.kinds import TUNING_SEEDS, log_config
from common.atomic_files import whole_folder
from common.names import EVAL
from common.source_imports import files_digest, imported_files
from components.impression_example_gen.example_encoder import encode
from data.synthetic import draw_balanced, draw_log, no_clicks, write_log
from data.synthetic.columns import HIDDEN, TRUTH, contract
from data.synthetic.world import World
from models.datasets.in_memory import InMemorySplit, hold
from models.features.inputs import SCENARIO_KEY
from models.features.layout import build_input_layout
from models.trials.data import TrialData
from schemas.contract import Contract

BALANCED = "balanced"
BALANCED_ROWS = 10_000
_GRAPH_ROWS, _HISTORIES_GRAPH_ROWS = 400_000, 100_000  # All ids are seen often enough.
_POSITION = 3  # What serving fills in.
_MAKERS = (
    "benchmarks.proof.worlds.rows",
    "components.impression_example_gen.example_encoder",
    "data",
    "models.datasets",
    "models.features",
    "schemas",
)
_VALIDATION_DAYS = 0.7  # Of the seven before the last, as a tenth of them.


def world_rows(folder: pathlib.Path, world: str, seed: int, rows: int) -> pathlib.Path:
    """Makes a world's rows below `folder`, once, and returns where `load_rows` finds them."""
    config = log_config(world, seed, rows)
    place = rows_place(folder, world, seed, rows)
    if place.is_dir():
        return place
    drawn, users = World.build(config.world), no_clicks(config)
    log = draw_log(config, drawn, users)
    balanced = draw_balanced(config, BALANCED_ROWS, drawn, _POSITION, users)
    first_eval = log.num_rows * 7 // 8
    first_validation = int(log.num_rows * (7 - _VALIDATION_DAYS) / 8)
    histories = config.world.histories
    found = contract(histories)
    output = tft.TFTransformOutput(str(transform_graph(folder, histories)))
    data = TrialData(
        layout=build_input_layout(found, output),
        tasks=found.tasks,
        train=_held(log[:first_validation], found, output, serving=False),
        validation=_held(log[first_validation:first_eval], found, output, serving=True),
        eval=_held(log[first_eval:], found, output, serving=True),
        extra={BALANCED: _held(balanced, found, output, serving=True)},
    )
    with whole_folder(place) as unfinished:
        data.save(unfinished / "data")
        for name, table in ((BALANCED, balanced), (EVAL, log[first_eval:])):
            truth = {column: table[column].to_numpy() for column in TRUTH}
            np.savez(_truth_path(unfinished, name), **truth)
    return place


def rows_place(folder: pathlib.Path, world: str, seed: int, rows: int) -> pathlib.Path:
    """Returns where `world_rows` keeps a world's rows, whether they are made or not."""
    return folder / f"{world}-{seed}-{rows}-{rows_digest(world, seed, rows)[:8]}"


def rows_digest(world: str, seed: int, rows: int) -> str:
    """Digests what `world_rows` makes a world's rows from: 32 hexadecimal digits.

    It is the log's settings and the source that draws, transforms and holds the rows.
    """
    config = log_config(world, seed, rows).model_dump_json()
    return hashlib.sha256(f"{config} {BALANCED_ROWS} {_makers()}".encode()).hexdigest()[:32]


@functools.lru_cache(maxsize=1)
def _makers() -> str:
    return files_digest(
        imported_files(["benchmarks.proof.worlds.rows"], lambda module: module.startswith(_MAKERS))
    )


def _truth_path(place: pathlib.Path, name: str) -> pathlib.Path:
    return place / f"truth-{name}.npz"


def rows_of_one_scenario(place: pathlib.Path, scenario: int) -> pathlib.Path:
    """Keeps, once, a world's rows of one scenario to learn from; the balanced rows stay whole.

    Args:
      place: what `world_rows` returned.
      scenario: its position.

    Returns:
      A folder for `TrialData.load`.
    """
    folder = place / f"only-{scenario}"
    if not folder.is_dir():
        data = TrialData.load(place / "data")

        def own(rows: InMemorySplit) -> InMemorySplit:
            return rows.at(np.flatnonzero(rows.column(SCENARIO_KEY) == scenario))

        train, validation, judged = own(data.train), own(data.validation), own(data.eval)
        TrialData(data.layout, data.tasks, train, validation, judged, extra=data.extra).save(folder)
    return folder


def load_rows(place: pathlib.Path) -> tuple[TrialData, dict[str, np.ndarray]]:
    """Returns the rows and, of those called `BALANCED`, the true probabilities [N].

    In addition to those of the log: `true_atr`, P(action | click).
    """
    truth = load_truth(place, BALANCED)
    truth["true_atr"] = truth["true_ctavr"] / truth["true_ctr"]
    return TrialData.load(place / "data"), truth


def load_truth(place: pathlib.Path, name: str) -> dict[str, np.ndarray]:
    """Returns the log's true probabilities of the rows called `BALANCED` or `EVAL`, [N] each."""
    with np.load(_truth_path(place, name)) as arrays:
        return {column: arrays[column] for column in arrays.files}


def transform_graph(folder: pathlib.Path, histories: bool = False) -> pathlib.Path:
    """Has the pipeline make the transform graph below `folder`, once, and returns its folder.

    Args:
      folder: keeps it.
      histories: whether it is that of worlds with histories.
    """
    graph = folder / ("transform_graph_histories" if histories else "transform_graph")
    if graph.is_dir():
        return graph
    # TFX takes many seconds to import, and most calls find the graph made.
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    from pipeline.config_files import load_config
    from pipeline.local import local_feature_pipeline
    from pipeline.locations import Locations
    from pipeline.presets import preset_path

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        log = pathlib.Path(scratch, "log")
        world = "histories" if histories else "default"
        preset = "synthetic_histories" if histories else "synthetic"
        rows = _HISTORIES_GRAPH_ROWS if histories else _GRAPH_ROWS
        write_log(log, log_config(world, TUNING_SEEDS[0], rows))
        config = load_config(preset_path(preset), (), data_path=str(log))
        LocalDagRunner().run(local_feature_pipeline(config, scratch))
        root = pathlib.Path(Locations(scratch, config.name).pipeline_root)
        (made,) = root.glob("Transform/transform_graph/*")
        with whole_folder(graph) as unfinished:
            shutil.copytree(made, unfinished, dirs_exist_ok=True)
    return graph


def _held(
    table: pa.Table, contract: Contract, transform_output: Any, *, serving: bool
) -> InMemorySplit:
    columns = {
        name: table[name].combine_chunks().cast(_encoded(table.schema.field(name).type))
        for name in table.column_names
        if name not in (*TRUTH, *HIDDEN)
    }
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/examples.gz"
        options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)
        with tf.io.TFRecordWriter(path, options) as writer:
            for example in encode(columns):
                writer.write(example)
        transform = transform_output.transform_features_layer()
        rows = hold(contract, transform, [path], serving=serving)
    assert rows is not None  # hold() without a limit.
    return rows


def _encoded(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_encoded(kind.value_type))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pa.int64()
    return pa.float32() if pa.types.is_floating(kind) else pa.binary()
