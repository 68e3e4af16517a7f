"""A model whose outputs are its inputs, to see what a client sends."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Mapping

import tensorflow as tf

from serving.served_columns import write_served_columns

COLUMNS = {"item id": "item_id", "age": "age", "city": "city", "group": "group"}
"""Column -> input."""

OPTIONAL = ("age", "city", "group")

DTYPES = {"item_id": "int64", "age": "float32", "city": "string", "group": "int64"}
"""Input -> dtype."""


def save(
    folder: pathlib.Path,
    columns: Mapping[str, str] = COLUMNS,
    optional: Collection[str] = OPTIONAL,
    dtypes: Mapping[str, str] = DTYPES,
) -> pathlib.Path:
    """Saves a model that returns every input under its name, after `seen_`."""

    def seen(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"seen_{name}": tf.identity(value) for name, value in inputs.items()}

    specs = {name: tf.TensorSpec([None], dtype, name) for name, dtype in dtypes.items()}
    model = tf.Module()
    model.predict = tf.function(seen, autograph=False).get_concrete_function(**specs)
    tf.saved_model.save(model, str(folder / "model"), signatures={"predict": model.predict})
    write_served_columns(str(folder / "model"), columns, optional)
    return folder / "model"
