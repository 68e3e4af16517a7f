"""Which files a log has: one definition for every command and component.

A file counts by its ending. Folders may be nested, as in Spark's `log.parquet/part-00000`, whose
parts may take their format from the folder's ending. What is left out is listed with its reason:
a row that is not read must not go unnoticed.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

from common.atomic_files import is_remote
from common.errors import BadDataError
from data.log.folders import exists, is_folder, names_in
from data.log.formats.endings import KNOWN, LogFormat, format_of, format_of_part
from data.log.spans import PREFIX, date_of, some

HIDDEN = "its name begins with '.' or '_'"
UNKNOWN_ENDING = f"its name does not end in {KNOWN}"
NOT_IN_A_SPAN = f"it is not in a folder called {PREFIX}YYYY-MM-DD"
NO_DATE = f"it is not called {PREFIX}YYYY-MM-DD"
LOOP = "it is a link to a folder above it"


@dataclasses.dataclass(frozen=True)
class LogFile:
    """One file of a log.

    Attributes:
      path: where it can be opened, local or remote.
      name: relative to the log's folder, for people.
      format: how it is read.
      date: its span (`YYYY-MM-DD`); None outside spans.
    """

    path: str
    name: str
    format: LogFormat
    date: str | None = None


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not read.

    Attributes:
      name: relative to the log's folder.
      reason: for people.
    """

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a log, in a fixed order, and what lies between them and is left out."""

    files: tuple[LogFile, ...]
    left_out: tuple[LeftOut, ...] = ()


def is_hidden(name: str) -> bool:
    """Says whether a file or folder is none of the log's, such as `_SUCCESS` and `.DS_Store`."""
    return name.startswith((".", "_"))


def list_log(source: str | os.PathLike[str]) -> Listing:
    """Lists the files of a log that may have spans or none.

    Args:
      source: one file; a folder of `span=YYYY-MM-DD` folders, of which everything else is left
        out; or any other folder, with all that is in it.

    Raises:
      BadDataError: there is no such file or folder, or it holds no file of a log.
    """
    address = os.fspath(source).rstrip("/") or "/"
    if not is_folder(address):
        return Listing((_single_file(address),))
    dates = [date for name in names_in(address) if (date := date_of(name))]
    if dates:
        found = [*outside_spans(address), *(x for date in dates for x in _in_span(address, date))]
    else:
        found = list(_walk(address, "", None, None, ()))
    files = [item for item in found if isinstance(item, LogFile)]
    if not files:
        found_names = some(names_in(address))
        raise BadDataError(
            f"{address} holds no file of a log (found: {found_names}); wanted lower-case "
            f"endings: {KNOWN}"
        )
    return Listing(tuple(files), tuple(item for item in found if isinstance(item, LeftOut)))


def list_span(data_path: str, date: str) -> Listing:
    """Lists the files of one span of a data folder.

    Raises:
      BadDataError: there is none.
    """
    folder = f"{data_path.rstrip('/')}/{PREFIX}{date}"
    found = list(_in_span(data_path.rstrip("/"), date))
    files = tuple(item for item in found if isinstance(item, LogFile))
    if not files:
        left_out = tuple(item for item in found if isinstance(item, LeftOut))
        more = "".join(f"\n  {line}" for line in left_out_lines(left_out))
        raise BadDataError(f"{folder} holds no {KNOWN} file; deliver the day or leave it out{more}")
    return Listing(files, tuple(item for item in found if isinstance(item, LeftOut)))


def visible_files(folder: str) -> list[str]:
    """Lists all files below a folder that are not hidden, whatever their endings, by name."""
    found = _walk(folder, "", None, None, ())
    return [x.name for x in found if isinstance(x, LogFile) or x.reason == UNKNOWN_ENDING]


def outside_spans(data_path: str) -> tuple[LeftOut, ...]:
    """Lists what a folder of spans holds that is in none of them."""
    return tuple(
        LeftOut(name, _why_not_a_span(name))
        for name in names_in(data_path)
        if date_of(name) is None
    )


def left_out_lines(left_out: tuple[LeftOut, ...]) -> list[str]:
    """Returns one line a reason: `left out: late.txt, notes.md (its name does not end in …)`."""
    reasons = dict.fromkeys(item.reason for item in left_out)
    return [
        f"left out: {some(item.name for item in left_out if item.reason == reason)} ({reason})"
        for reason in reasons
    ]


def _single_file(address: str) -> LogFile:
    name = address.rpartition("/")[2]
    if not exists(address):
        raise BadDataError(f"{address} does not exist; give a file of the log, or its folder")
    kind = format_of(name)
    if kind is None:
        raise BadDataError(
            f"{address} is no file of a log, by its name; wanted a lower-case ending: {KNOWN}"
        )
    return LogFile(address, name, kind, _span_above(address))


def _in_span(data_path: str, date: str) -> Iterator[LogFile | LeftOut]:
    return _walk(f"{data_path}/{PREFIX}{date}", f"{PREFIX}{date}/", date, None, ())


def _walk(
    folder: str, prefix: str, date: str | None, outer: LogFormat | None, above: tuple[str, ...]
) -> Iterator[LogFile | LeftOut]:
    """Yields everything below `folder`; `outer` is the format that a folder's ending says."""
    above = (*above, os.path.realpath(folder)) if not is_remote(folder) else above
    for name in names_in(folder):
        path, shown = f"{folder}/{name}", f"{prefix}{name}"
        if is_hidden(name):
            yield LeftOut(shown, HIDDEN)
        elif is_folder(path):
            if not is_remote(path) and os.path.realpath(path) in above:
                yield LeftOut(shown, LOOP)
                continue
            inner = format_of(name) or outer
            yield from _walk(path, f"{shown}/", date or date_of(name), inner, above)
        else:
            kind = format_of(name) or format_of_part(name, outer)
            if kind is None:
                yield LeftOut(shown, UNKNOWN_ENDING)
            else:
                yield LogFile(path, shown, kind, date or _span_above(path))


def _why_not_a_span(name: str) -> str:
    if is_hidden(name):
        return HIDDEN
    return NO_DATE if name.startswith(PREFIX) else NOT_IN_A_SPAN


def _span_above(path: str) -> str | None:
    """The date of the folder among those above a file that is a span, if any."""
    return next(filter(None, map(date_of, path.split("/")[:-1])), None)
