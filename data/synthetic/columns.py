"""The names of the log's columns, by what the world uses them for."""

from __future__ import annotations

import functools
import pathlib

import schemas
from schemas.contract import Contract, load_contract

_SCHEMAS = pathlib.Path(schemas.__file__).parent

SCHEMA = _SCHEMAS / "synthetic" / "schema.pbtxt"

HISTORY_SCHEMA = _SCHEMAS / "synthetic_histories" / "schema.pbtxt"
"""That of worlds with `histories`: `SCHEMA` and the lists of what a user clicked before."""

BLOCKS = ("t", "g", "s", "n")
"""Blocks with an effect; each has a user, an item, a context and a dense column."""

NOISE = "x"
"""The block without any effect."""

TRUTH = (
    "true_ctr",
    "true_ctavr",
    "true_cvr",
    "true_cvr_clicked",
    "true_ctcvr",
    "true_xcvr",
)
"""Ground-truth probabilities of a row, float64; those of an output are tagged in the schema."""

HIDDEN = ("potential_conversion", "conversion_delay_hours")
"""What no real log has: the conversion had the row been clicked, and the time it took."""


HISTORY = ("history_item_id", "history_item_category", "history_gap")
"""Lists of a row's earlier clicks, aligned; the gap is in seconds before the row."""


@functools.cache
def contract(histories: bool = False) -> Contract:
    """The synthetic log's contract.

    Args:
      histories: whether the log is of a world with `histories`.
    """
    return load_contract(HISTORY_SCHEMA if histories else SCHEMA)


@functools.cache
def history_length() -> int:
    """How many of the newest clicks before a row its lists hold."""
    (group,) = contract(histories=True).sequence_groups
    return group.length


def size(column: str) -> int:
    """The number of values of a column with an int domain that starts at 0."""
    int_range = contract().column(column).int_range
    assert int_range is not None and int_range[0] == 0, column
    return int_range[1] + 1
