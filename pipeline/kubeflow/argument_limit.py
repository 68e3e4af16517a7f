"""The longest argument that a process on a cluster takes.

Kubeflow Pipelines hands a step's exec properties to its driver and its container as one argument
each, and those of all steps together, in the specification of the whole DAG, to the driver of the
run. Linux starts no process with a longer one ("argument list too long").
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from common.settings import SettingsError

LIMIT = 131_072
"""Bytes of one argument: MAX_ARG_STRLEN, 32 pages of 4 KiB."""

_OF_A_STEP = 1_536
"""Bytes in the specification of a step besides its exec properties: names, inputs, who waits."""


def argument_bytes(components: Iterable[Any]) -> dict[str, int]:
    """Returns component id -> the bytes of its step in the compiled pipeline, or a little more."""
    return {
        component.id: _OF_A_STEP + sum(_bytes(x) for x in component.exec_properties.items())
        for component in components
    }


def check_arguments(components: Iterable[Any]) -> None:
    """Refuses a pipeline whose specification is longer than an argument may be.

    Raises:
      SettingsError: names the largest step, and its size.
    """
    sizes = argument_bytes(components)
    total = sum(sizes.values())
    if total > LIMIT:
        largest = max(sizes, key=sizes.__getitem__)
        raise SettingsError(
            f"the compiled pipeline has {total:,} bytes, and Linux takes no argument above "
            f"{LIMIT:,}, so that Kubeflow could not start it; {sizes[largest]:,} of them are "
            f"{largest}'s. Where that is SchemaImport, drop columns that no model reads from the "
            "schema, or shorten their domains; a local run has no such limit"
        )


def _bytes(item: tuple[str, Any]) -> int:
    # In the JSON of the specification a text's quotes and backslashes are escaped once more.
    key, value = item
    text = value if isinstance(value, str | int | float) else str(value)
    return len(json.dumps({key: {"runtimeValue": {"constant": text}}}, sort_keys=True))
