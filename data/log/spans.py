"""Spans: the folders `span=YYYY-MM-DD` of a log, one a UTC day."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable

from common.errors import BadDataError
from data.log.folders import is_folder, names_in

PREFIX = "span="

_MOST_SHOWN = 10

_log = logging.getLogger(__name__)


def date_of(name: str) -> str | None:
    """Returns the date of a folder called `span=YYYY-MM-DD`; None for any other name."""
    if not name.startswith(PREFIX):
        return None
    try:
        date = datetime.date.fromisoformat(name[len(PREFIX) :].rstrip("/")).isoformat()
    except ValueError:
        return None
    # From Python 3.11 on, 20260301 and 2026-W09-7 are dates too, but no span's name.
    return date if name.rstrip("/") == f"{PREFIX}{date}" else None


def spans(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the dates (`YYYY-MM-DD`) of a data folder's spans, in order.

    Args:
      names: what the folder holds.

    Raises:
      BadDataError: no span exists.
    """
    names = list(names)
    for name in names:
        if name.startswith(PREFIX) and date_of(name) is None:
            _log.warning("folder '%s' is left out: it is not named %sYYYY-MM-DD", name, PREFIX)
    existing = sorted({date for name in names if (date := date_of(name))})
    if not existing:
        raise BadDataError(
            f"no folder called {PREFIX}YYYY-MM-DD exists (found: {some(sorted(names))}); "
            "write the log as one such folder a day (UTC): `polyrank data spans` does it"
        )
    return tuple(existing)


def no_row(date: str) -> str:
    """What is wrong with a span whose files are all without a row."""
    return f"{PREFIX}{date} has files but no row; deliver the day again"


def list_names(data_path: str) -> list[str]:
    """Lists the data folder, local or remote.

    Raises:
      BadDataError: the folder does not exist.
    """
    if not is_folder(data_path):
        raise BadDataError(f"the data folder {data_path} does not exist")
    return names_in(data_path)


def some(texts: Iterable[str], most: int = _MOST_SHOWN) -> str:
    """Joins the first `most` texts and counts the rest."""
    known = list(texts)
    rest = f" and {len(known) - most} more" if len(known) > most else ""
    return (", ".join(known[:most]) or "nothing") + rest
