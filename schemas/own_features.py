"""Features of our tf.Examples that are no column of the log.

A column may have any name, so each of them gives way to the contract's columns.
"""

from __future__ import annotations

from collections.abc import Container

SAMPLING_RATE_KEY = "sampling__rate"
"""`Contract.sampling_rate_key` of a log that has no column of that name."""

ROW_ID_KEY = "row__id"
"""`Contract.row_id_key` of a log that has no column of that name."""


def free_name(wanted: str, columns: Container[str]) -> str:
    """Returns `wanted`, with as many underscores at its end as keep it apart from `columns`."""
    while wanted in columns:
        wanted += "_"
    return wanted
