"""What a reader of a log should know of how its files are read."""

from __future__ import annotations

from collections.abc import Sequence

from data.log.files import LogFile
from data.log.formats.reader import LogReader
from data.log.spans import some

NO_ROW = "no row"


def notes_of(file: LogFile, reader: LogReader) -> list[tuple[str, str]]:
    """Returns (note, the file's name) of what the name does not say."""
    notes = [NO_ROW] if reader.is_empty else list(reader.notes)
    return [(note, file.name) for note in notes]


def note_lines(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Returns one line a note: `values are separated by semicolons: shop.csv, more.csv`."""
    return [
        f"{kind}: {some(name for note, name in notes if note == kind)}"
        for kind in dict.fromkeys(note for note, _ in notes)
    ]
