"""Columns' names as TensorFlow can carry them, and back.

A column may have any name; a graph, a request's inputs, a variable and a vocabulary's file can
not. So each column has a graph name of ASCII letters, digits and underscores that begins with a
letter: its own name where that is one, else with every other character as its code point,
`_x<hex>_`:

  user_id        user_id
  user-group     user_x2d_group
  größe          gr_xf6__xdf_e
  1st            u_x31_st         `u` only makes the first character a letter

The code alone leads back, so whoever has a served model's signature has its columns. No two
columns have the same graph name, nor names that differ in case alone, since vocabularies become
files and some disks fold case: of `Brand` and `brand` the first is `_x42_rand` behind its `u`.
"""

from __future__ import annotations

import collections
import keyword
import re
from collections.abc import Iterable

_CODE = re.compile(r"_x([0-9a-f]+)_", re.IGNORECASE)
_LED = re.compile(r"u(?=_x[0-9a-f]+_)", re.IGNORECASE)
"""The `u` before a code that a name begins with."""

_LETTERS = re.compile(r"[A-Za-z]")
_PLAIN = re.compile(r"[A-Za-z0-9_]")
_CAPITALS = re.compile(r"[A-Z]")

_TAKEN = re.compile(
    "|".join(["self", *keyword.kwlist, "(?:row|scenario|target|weight)__.*"]), re.DOTALL
)
"""TensorFlow's own argument, what Python takes for no argument's name (`class`), and the beginnings
of what `models.features.inputs` names itself."""


def graph_names(columns: Iterable[str]) -> dict[str, str]:
    """Returns the graph name of every column.

    Args:
      columns: all columns of a contract; the same ones have the same graph names in any order.
    """
    names = {column: _encoded(column, capitals=True) for column in columns}
    often = collections.Counter(name.lower() for name in names.values())
    return {
        column: name if often[name.lower()] == 1 else _encoded(column, capitals=False)
        for column, name in names.items()
    }


def column_name(graph_name: str) -> str:
    """Returns the column that a graph name of `graph_names` stands for."""
    led = _LED.match(graph_name)
    return _CODE.sub(lambda code: chr(int(code[1], 16)), graph_name[led.end() if led else 0 :])


def _encoded(column: str, capitals: bool) -> str:
    """Writes a column's name; `capitals` says whether capital letters may stay."""
    # From the end, since an underscore has to be coded where what follows makes it a code.
    name = ""
    for position in reversed(range(len(column))):
        character = column[position]
        if not _stays(column, position, name, capitals):
            character = f"_x{ord(character):x}_"
        name = character + name
    return f"u{name}" if name.startswith("_") else name


def _stays(column: str, position: int, following: str, capitals: bool) -> bool:
    """Whether a character is written as it is before `following`, which is written already."""
    character = column[position]
    if not _PLAIN.fullmatch(character) or (_CAPITALS.fullmatch(character) and not capitals):
        return False
    if position > 0:
        return not (character == "_" and _CODE.match(f"_{following}"))
    return bool(
        _LETTERS.fullmatch(character)
        and not _TAKEN.fullmatch(column)
        and not _LED.match(character + following)
    )
