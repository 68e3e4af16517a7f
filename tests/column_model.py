"""A model whose outputs are its inputs, to see what a client sends."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import tensorflow as tf

from serving.served_columns import write_served_columns

COLUMNS = {"item id": "item_id", "age": "age", "city": "city", "group": "group"}
"""Column -> input."""

OPTIONAL = ("age", "city", "group")


class ColumnModel(tf.Module):
    """Returns every input under its name, after `seen_`."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, "item_id"),
            tf.TensorSpec([None], tf.float32, "age"),
            tf.TensorSpec([None], tf.string, "city"),
            tf.TensorSpec([None], tf.int64, "group"),
        ]
    )
    def predict(
        self, item_id: tf.Tensor, age: tf.Tensor, city: tf.Tensor, group: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        seen = {"item_id": item_id, "age": age, "city": city, "group": group}
        return {f"seen_{name}": tf.identity(value) for name, value in seen.items()}


def save(folder: pathlib.Path, columns: Mapping[str, str] = COLUMNS) -> pathlib.Path:
    """Saves the model with a SignatureDef of its columns."""
    model = ColumnModel()
    tf.saved_model.save(model, str(folder / "model"), signatures={"predict": model.predict})
    write_served_columns(str(folder / "model"), columns, OPTIONAL)
    return folder / "model"
