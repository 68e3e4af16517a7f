"""The names of version folders, by the rules of TF Serving."""

from __future__ import annotations

LARGEST_VERSION = 2**63 - 1
"""Servers count versions in 64 bits."""


def version_number(name: str) -> int | None:
    """Returns the version that a folder's name stands for, None where it stands for none.

    Digits of ASCII do, with zeros before them or without, up to 2**63 - 1.
    """
    if not (name.isascii() and name.isdecimal()):
        return None
    number = int(name)
    return number if number <= LARGEST_VERSION else None
