"""The nearest valid name, for errors about unknown ones."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Says the nearest of the `known` names, or all of them where none is near."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    return (
        f"did you mean '{close[0]}'?"
        if close
        else f"known: {', '.join(name or repr(name) for name in names)}"
    )
