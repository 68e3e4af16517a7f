"""Lists in the form that models read: a layout with all kinds of them, and random rows."""

import dataclasses

import numpy as np

from models.features.inputs import (
    InputLayout,
    ListField,
    MultiValueField,
    SequenceInput,
    VectorField,
    lengths_key,
    weights_key,
)

LENGTH = 5
ACTION = ListField("action", "action", 6, LENGTH)
SEEN = ListField("seen", "item", 40, LENGTH, dim=6)
GAP = ListField("gap", "gap", 9, LENGTH, dim=3)
HISTORY = SequenceInput("history", LENGTH, (ACTION, SEEN, GAP))
QUERIES = SequenceInput("queries", 3, (ListField("queries", "queries", 12, 3),))
TAGS = MultiValueField("tags", "tags", 8, 4, weighted=True)
HOURS = MultiValueField("hours", "hour", 24, 3, pooling="sum")
LABELS = MultiValueField("labels", "tags", 8, 2, pooling="max")
IMAGE = VectorField("image", 7)


def with_lists(inputs: InputLayout) -> InputLayout:
    """Adds lists to a layout of which `item` (40 of width 6) and `hour` (24) are fields."""
    return dataclasses.replace(
        inputs,
        multi_values=(TAGS, HOURS, LABELS),
        vectors=(IMAGE,),
        sequences=(HISTORY, QUERIES),
    )


def list_inputs(rows: int, inputs: InputLayout, seed: int = 0) -> dict[str, np.ndarray]:
    """Random lists of all lengths, the empty one among them, and vectors, some missing."""
    random = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    owners = [(field.name, field.length, (field,)) for field in inputs.multi_values]
    owners += [(group.name, group.length, group.columns) for group in inputs.sequences]
    for name, length, columns in owners:
        found[lengths_key(name)] = random.permutation(np.arange(rows) % (length + 1))
        present = np.arange(length) < found[lengths_key(name)][:, None]
        for column in columns:
            values = random.integers(0, column.size, (rows, length))
            found[column.key] = np.where(present, values, 0)
            if isinstance(column, MultiValueField) and column.weighted:
                weights = random.uniform(0.5, 2, (rows, length)).astype(np.float32)
                found[weights_key(name)] = np.where(present, weights, np.float32(0))
    for vector in inputs.vectors:
        present = (random.random(rows) < 0.8)[:, None]
        numbers = random.normal(size=(rows, vector.dim)).astype(np.float32)
        found[vector.key] = np.where(present, numbers, np.float32(0))
    return found
