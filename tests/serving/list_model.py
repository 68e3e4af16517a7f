"""A model with lists and vectors whose outputs are its inputs, to see what a client sends."""

import math
import pathlib

import column_model

from serving.served_columns import ServedColumn, ServedLengths

COLUMNS = {
    "member": "member",
    "seen items": "seen_x20_items",
    "gaps": "gaps",
    "tags": "tags",
    "image": "image",
    "text vector": "text_x20_vector",
}
DTYPES = {
    "member": "string",
    "seen_x20_items": "int64",
    "gaps": "float32",
    "history__length": "int64",
    "tags": "string",
    "tags__length": "int64",
    "image": "float32",
    "text_x20_vector": "float32",
}
HISTORY = ServedLengths("history__length", newest=True)
LISTS = {
    "seen items": ServedColumn("seen_x20_items", "int64", (), length=3, lengths=HISTORY),
    "gaps": ServedColumn("gaps", "float32", (), length=3, lengths=HISTORY),
    "tags": ServedColumn(
        "tags", "string", (), length=2, lengths=ServedLengths("tags__length", False), text="pipe"
    ),
    "image": ServedColumn("image", "float32", math.nan, dim=2),
    "text vector": ServedColumn("text_x20_vector", "float32", dim=4, text="json"),
}


def save(folder: pathlib.Path) -> pathlib.Path:
    """Saves the model; `image` may be missing, `text vector` and `member` may not."""
    return column_model.save(folder, COLUMNS, ("image",), DTYPES, LISTS)
