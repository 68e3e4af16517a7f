"""What a SavedModel says of its columns of lists."""

import math
import pathlib

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from serving.served_columns import (
    SERVED_LISTS,
    SERVED_TEXTS,
    ServedColumn,
    ServedLengths,
    served_columns,
    write_served_columns,
)

SPECS = {
    "user": tf.TensorSpec([None], tf.int64, "user"),
    "seen_x20_item": tf.TensorSpec([None, 50], tf.int64, "seen_x20_item"),
    "gap": tf.TensorSpec([None, 50], tf.float32, "gap"),
    "history__length": tf.TensorSpec([None], tf.int64, "history__length"),
    "tags": tf.TensorSpec([None, 3], tf.string, "tags"),
    "tags__length": tf.TensorSpec([None], tf.int64, "tags__length"),
    "image": tf.TensorSpec([None, 64], tf.float32, "image"),
    "text": tf.TensorSpec([None, 2], tf.float32, "text"),
}
HISTORY, TAGS = ServedLengths("history__length", True), ServedLengths("tags__length", False)
COLUMNS = {
    "user": "user",
    "seen item": "seen_x20_item",
    "gap": "gap",
    "tags": "tags",
    "image": "image",
    "text": "text",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("lists") / "model"

    def seen(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"seen_{name}": tf.identity(value) for name, value in inputs.items()}

    model = tf.Module()
    model.predict = tf.function(seen, autograph=False).get_concrete_function(**SPECS)
    tf.saved_model.save(model, str(folder), signatures={"predict": model.predict})
    lists = {"seen item": HISTORY, "gap": HISTORY, "tags": TAGS}
    texts = {"tags": "pipe", "image": "json"}
    write_served_columns(str(folder), COLUMNS, {"user", "image"}, lists, texts)
    saved = saved_model_pb2.SavedModel.FromString(
        pathlib.Path(folder, "saved_model.pb").read_bytes()
    )
    return dict(saved.meta_graphs[0].signature_def)


def test_a_list_has_its_length_its_lengths_and_its_group(definitions):
    columns = served_columns("predict", definitions)
    assert set(columns) == set(COLUMNS)
    assert columns["seen item"] == ServedColumn(
        "seen_x20_item", "int64", (), length=50, lengths=HISTORY
    )
    assert columns["gap"] == ServedColumn("gap", "float32", (), length=50, lengths=HISTORY)
    assert columns["tags"] == ServedColumn(
        "tags", "string", (), length=3, lengths=TAGS, text="pipe"
    )
    assert columns["user"] == ServedColumn("user", "int64", -(2**63))
    groups = {name: column.group for name, column in columns.items()}
    assert groups == {
        "user": None,
        "seen item": "history",
        "gap": "history",
        "tags": "tags",
        "image": None,
        "text": None,
    }


def test_a_vector_has_its_size_and_may_be_missing(definitions):
    columns = served_columns("predict", definitions)
    assert math.isnan(columns["image"].missing)
    assert columns["image"].dim == 64 and columns["image"].lengths is None
    assert columns["image"].text == "json"
    assert columns["text"] == ServedColumn("text", "float32", None, dim=2)


def test_a_model_without_lists_has_no_further_signature(tmp_path):
    model = tf.Module()
    spec = tf.TensorSpec([None], tf.int64, "user")
    model.predict = tf.function(lambda user: {"seen": user}).get_concrete_function(user=spec)
    tf.saved_model.save(model, str(tmp_path), signatures={"predict": model.predict})
    write_served_columns(str(tmp_path), {"user": "user"}, {"user"}, {})
    content = (tmp_path / "saved_model.pb").read_bytes()
    found = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    assert SERVED_LISTS not in found and SERVED_TEXTS not in found
    assert served_columns("predict", found) == {"user": ServedColumn("user", "int64", -(2**63))}
