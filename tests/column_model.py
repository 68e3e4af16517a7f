"""A model whose outputs are its inputs, to see what a client sends."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Mapping

import tensorflow as tf

from serving.served_columns import ServedColumn, write_served_columns

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
    lists: Mapping[str, ServedColumn] | None = None,
) -> pathlib.Path:
    """Saves a model that returns every input under its name, after `seen_`.

    Args:
      folder: where to.
      columns: column -> input.
      optional: the columns that may be missing.
      dtypes: input -> dtype, those of lists' lengths included.
      lists: the columns of lists.
    """
    lists = lists or {}

    def seen(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"seen_{name}": tf.identity(value) for name, value in inputs.items()}

    widths = {served.input: [served.length or served.dim] for served in lists.values()}
    specs = {
        name: tf.TensorSpec([None, *widths.get(name, [])], dtype, name)
        for name, dtype in dtypes.items()
    }
    model = tf.Module()
    model.predict = tf.function(seen, autograph=False).get_concrete_function(**specs)
    tf.saved_model.save(model, str(folder / "model"), signatures={"predict": model.predict})
    lengths = {name: served.lengths for name, served in lists.items() if served.lengths}
    texts = {name: served.text for name, served in lists.items() if served.text}
    write_served_columns(str(folder / "model"), columns, optional, lengths, texts)
    return folder / "model"
