"""Where rows to score come from: files of a log, files of JSON lines, standard input."""

from __future__ import annotations

import dataclasses
import glob
import io
import pathlib
import sys
from collections.abc import Iterator, Sequence

from cli.common.candidates import Chunk, Wanted, json_chunks, log_chunks
from common.errors import BadDataError
from data.log.files import LeftOut, LogFile, list_log
from data.log.folders import exists, is_folder
from data.log.formats.contents import HEAD_BYTES, foreign
from data.log.formats.endings import LogFormat, format_of

STANDARD_INPUT = "-"

# A byte that is no UTF-8 is found with its row, when its value is cast.
_ENCODING, _ERRORS = "utf-8-sig", "surrogateescape"

RowSource = LogFile | str
"""A file of a log; the path of JSON lines, or STANDARD_INPUT."""


def row_sources(path: str, kind: LogFormat | None = None) -> tuple[list[RowSource], list[LeftOut]]:
    """Lists what a path stands for.

    Args:
      path: a file, a folder (see `data.log.files.list_log`) or a pattern such as `log/*.csv`. A
        file whose name does not say a format holds JSON lines.
      kind: the format of such a file instead; files of other formats are refused.

    Returns:
      The sources, files named as a person would write them; and what is left out of folders.

    Raises:
      BadDataError: there is no such thing, or a file's name says another format than `kind`.
    """
    if path == STANDARD_INPUT and kind is None:
        return [path], []
    if not exists(path) and glob.has_magic(path):
        matches = sorted(glob.glob(path))  # noqa: PTH207, the pattern may begin anywhere.
        if not matches:
            raise BadDataError(f"no file matches {path}")
        listed = [row_sources(match, kind) for match in matches]
        return [item for found, _ in listed for item in found], [
            item for _, left_out in listed for item in left_out
        ]
    if exists(path) and not is_folder(path) and format_of(path) is None:
        return [path if kind is None else LogFile(path, path, kind)], []
    if kind is None and not exists(path):
        raise BadDataError(f"{path} does not exist")
    listing = list_log(path)
    others = [file for file in listing.files if kind not in (None, file.format)]
    if others:
        name = path if not is_folder(path) else f"{path.rstrip('/')}/{others[0].name}"
        raise BadDataError(
            f"--{kind} {path}: {name} is {others[0].format}, by its name; give {path} without "
            f"--{kind}"
        )
    if not is_folder(path):
        return [dataclasses.replace(file, name=path) for file in listing.files], []
    above = path.rstrip("/")
    files = [dataclasses.replace(file, name=f"{above}/{file.name}") for file in listing.files]
    left_out = [LeftOut(f"{above}/{item.name}", item.reason) for item in listing.left_out]
    return list(files), left_out


def read_chunks(sources: Sequence[RowSource], wanted: Wanted) -> Iterator[Chunk]:
    """Reads sources one after the other, as far as `wanted.rows`; see `cli.common.candidates`.

    Raises:
      BadDataError: they hold no row, or one that can't be used.
    """
    count = 0
    for source in sources:
        left = None if wanted.rows is None else wanted.rows - count
        if left == 0:
            return
        for chunk in _chunks(source, dataclasses.replace(wanted, rows=left)):
            count += len(chunk.places)
            yield chunk
    if not count:
        names = [source.name if isinstance(source, LogFile) else source for source in sources]
        shown = ", ".join("standard input" if name == STANDARD_INPUT else name for name in names)
        raise BadDataError(f'{shown} holds no rows; write one {{"column": value, ...}} a line')


def _chunks(source: RowSource, wanted: Wanted) -> Iterator[Chunk]:
    if isinstance(source, LogFile):
        yield from log_chunks(source, wanted)
    elif source == STANDARD_INPUT:
        lines = io.TextIOWrapper(sys.stdin.buffer, _ENCODING, _ERRORS)
        try:
            yield from json_chunks(lines, None, wanted)
        finally:
            lines.detach()  # Or standard input is closed with it.
    else:
        with pathlib.Path(source).open("rb") as file:
            what = foreign(file.read(HEAD_BYTES))
        if what:
            raise BadDataError(f"{source} is {what}; wanted JSON lines")
        with pathlib.Path(source).open(encoding=_ENCODING, errors=_ERRORS) as lines:
            yield from json_chunks(lines, source, wanted)
