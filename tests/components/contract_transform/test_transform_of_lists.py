"""Lists of a log through the real ImpressionExampleGen and Transform."""

import collections
import pathlib

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from impression_log import DATES, SCHEMA, Log, day_table
from tfx.types import standard_artifacts
from tfx.utils import json_utils

from common.tfx_compat import beam_arguments
from components.contract_transform.executor import Executor
from models.datasets.in_memory import files_of, hold
from models.features.inputs import index_key, indices_key, lengths_key, vector_key
from models.features.layout import build_input_layout
from schemas.contract import parse_schema, read_contract

# A real generator and a real Transform take minutes; e2e/test_run_with_lists.py has both too.
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LISTS = """
feature { name: "seen" type: BYTES value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:of=item,length=3,group=past" } }
feature { name: "gap" type: FLOAT value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:buckets=4,length=3,group=past" } }
feature { name: "words" type: INT value_count { min: 0 }
  annotation { tag: "item" tag: "multi_value:length=2" } }
feature { name: "image" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "item" tag: "vector:dim=2" } }
"""
CONTRACT = read_contract(parse_schema(SCHEMA + LISTS))


def with_lists(table: pa.Table) -> pa.Table:
    """Row n has seen n % 6 items, or none; every third has no image."""
    rows = range(table.num_rows)
    seen = [None if n % 7 == 0 else [f"i{(n + k) % 9}" for k in range(n % 6)] for n in rows]
    gaps = [
        None if x is None else [float(n + k) for k in range(len(x))] for n, x in enumerate(seen)
    ]
    columns = {
        "seen": pa.array(seen, pa.list_(pa.string())),
        "gap": pa.array(gaps, pa.list_(pa.float32())),
        "words": pa.array([list(range(n % 4)) for n in rows], pa.list_(pa.int64())),
        "image": pa.array(
            [None if n % 3 == 0 else [n, n / 2] for n in rows], pa.list_(pa.float32())
        ),
    }
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], tft.TFTransformOutput]:
    """The files of the train split, and what Transform made."""
    log = Log(tmp_path_factory.mktemp("lists"))
    for day in range(len(DATES)):
        log.write(day, with_lists(day_table(day)))
    examples, _ = log.run("run", schema_text=SCHEMA + LISTS)
    schema, graph = standard_artifacts.Schema(), standard_artifacts.TransformGraph()
    schema.uri = str(log.folder / "run" / "schema")
    graph.uri = str(log.folder / "graph")
    Executor(Executor.Context(beam_pipeline_args=beam_arguments([]))).Do(
        {"examples": [examples], "schema": [schema]},
        {"transform_graph": [graph]},
        {
            "preprocessing_fn": "models.features.preprocessing.preprocessing_fn",
            "custom_config": json_utils.dumps({"code_digest": "c"}),
            "disable_statistics": 1,
            "force_tf_compat_v1": 0,
        },
    )
    files = files_of([str(pathlib.Path(examples.uri, "Split-train", "*"))])
    return files, tft.TFTransformOutput(graph.uri)


def logged(files: list[str]) -> list[tf.train.Example]:
    rows = tf.data.TFRecordDataset(files, "GZIP", num_parallel_reads=min(len(files), 8))
    return [tf.train.Example.FromString(row) for row in rows.as_numpy_iterator()]


def test_one_vocabulary_for_items_wherever_they_stand(made) -> None:
    files, output = made
    counts: collections.Counter[bytes] = collections.Counter()
    for example in logged(files):
        feature = example.features.feature
        counts.update(feature["item"].bytes_list.value)
        counts.update(feature["seen"].bytes_list.value[-3:])
    wanted = [token for _, token in sorted(((n, x) for x, n in counts.items()), reverse=True)]
    assert output.vocabulary_by_name("item__vocabulary") == wanted
    layout = build_input_layout(CONTRACT, output)
    (past,) = layout.sequences
    assert [(x.table, x.size) for x in past.columns] == [("item", len(wanted) + 1), ("gap", 5)]


def test_held_rows_are_the_lists_of_the_log(made) -> None:
    files, output = made
    held = hold(CONTRACT, output.transform_features_layer(), files, serving=False)
    assert held is not None
    items = output.vocabulary_by_name("item__vocabulary")
    words = output.vocabulary_by_name("words__vocabulary")
    seen, longest = held.column(indices_key("seen")), 0
    for number, example in enumerate(logged(files)):
        feature = example.features.feature
        whole = list(feature["seen"].bytes_list.value)
        kept = [items.index(item) for item in whole[-3:]]
        longest = max(longest, len(whole))
        assert seen[number].tolist() == kept + [0] * (3 - len(kept))
        assert held.column(lengths_key("past"))[number] == len(kept)
        first = [words.index(b"%d" % word) for word in feature["words"].int64_list.value[:2]]
        assert held.column(indices_key("words"))[number].tolist() == (first + [0, 0])[:2]
        image = list(feature["image"].float_list.value) or [0.0, 0.0]
        assert held.column(vector_key("image"))[number].tolist() == image
        own = feature["item"].bytes_list.value
        assert held.column(index_key("item"))[number] == (
            items.index(own[0]) if own else len(items)
        )
    assert longest == 5
    assert set(np.unique(held.column(indices_key("gap")))) == {0, 1, 2, 3}


def test_the_transformed_schema_has_fixed_lists(made) -> None:
    spec = made[1].transformed_feature_spec()
    assert spec[indices_key("seen")] == tf.io.FixedLenFeature([3], tf.int64)
    assert spec[vector_key("image")] == tf.io.FixedLenFeature([2], tf.float32)
    assert spec[lengths_key("past")] == tf.io.FixedLenFeature([], tf.int64)
    raw = made[1].raw_feature_spec()
    assert raw["seen"] == tf.io.VarLenFeature(tf.string)
    assert raw["image"] == tf.io.VarLenFeature(tf.float32)
