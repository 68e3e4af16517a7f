"""Whether values are booleans where booleans are wanted, and nowhere else.

pydantic takes `true` for 1, and 1 or `yes` for true. YAML reads `on`, `off`, `yes` and `no` as
booleans, so that a word would count as a number.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

_NUMBERS = frozenset({int, float})


def check_kinds(annotation: Any, value: Any) -> None:
    """Refuses booleans where numbers are wanted, and other values where only booleans are.

    Args:
      annotation: the type of a setting.
      value: as it was given, before any conversion; lists and mappings are searched.

    Raises:
      ValueError: says the value and what is wanted.
    """
    wanted = frozenset(_leaf_types(annotation)) - {type(None)}
    if wanted == {bool}:
        for found in _leaves(value):
            if found is not None and not isinstance(found, bool):
                raise ValueError(f"{found!r} is neither true nor false; write one of them")
    elif wanted & _NUMBERS and bool not in wanted:
        for found in _leaves(value):
            if isinstance(found, bool):
                text = "true" if found else "false"
                others = "on and yes" if found else "off and no"
                raise ValueError(f"{text} is no number (YAML reads {others} so too); write one")


def _leaf_types(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, such as int of `tuple[int, ...] | None`."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Annotated:
        yield from _leaf_types(arguments[0])
    elif arguments and typing.get_origin(annotation) is not typing.Literal:
        for argument in arguments:
            yield from _leaf_types(argument)
    elif annotation is not Ellipsis:
        yield annotation


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield value
        return
    for item in value:
        yield from _leaves(item)
