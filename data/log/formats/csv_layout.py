"""How a CSV file is written: compression, encoding and delimiter, by what it holds."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import re

import pyarrow as pa

from common.errors import BadDataError
from data.log.formats.contents import HEAD_BYTES, foreign, is_gzip
from data.log.formats.streams import open_stream

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
"""The delimiters that are found, with their names for people."""

UTF8_BOM = b"\xef\xbb\xbf"

# UTF-32's little-endian mark begins with that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HEAD_BYTES = 1 << 16
_ROWS_COMPARED = 20
_TSV = re.compile(r"\.tsv(\.gz)?$")


@dataclasses.dataclass(frozen=True)
class CsvLayout:
    """How the bytes of one file become rows.

    Attributes:
      gzip: True where it is compressed.
      encoding: `utf-8`, or `utf-16` or `utf-32` with a byte order mark.
      delimiter: the character between two values.
      notes: what of it the file's name does not say, for people.
    """

    gzip: bool
    encoding: str
    delimiter: str
    notes: tuple[str, ...] = ()


def find_layout(path: str, source: str) -> CsvLayout:
    """Looks at the start of a file.

    Raises:
      BadDataError: it is no text: says what it is; `source` names it.
      OSError, pa.ArrowException: it can't be read.
    """
    with open_stream(path) as file:
        gzip = is_gzip(file.read(HEAD_BYTES))
        file.seek(0)
        with pa.CompressedInputStream(file, "gzip") if gzip else file as stream:
            head = _read(stream, _HEAD_BYTES)
    what = foreign(head)
    if what:
        inside = " inside gzip" if gzip else ""
        raise BadDataError(f"{source} is no CSV file: it is {what.replace(',', inside + ',', 1)}")
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    if encoding == "utf-8":
        _refuse_unmarked_utf16(head, source)
    text = head.removeprefix(UTF8_BOM).decode(
        encoding, "surrogateescape" if encoding == "utf-8" else "ignore"
    )
    usual = "\t" if _TSV.search(path) else ","
    delimiter = find_delimiter(text, usual, is_whole=len(head) < _HEAD_BYTES)
    notes = []
    if delimiter != usual:
        notes.append(f"values are separated by {DELIMITERS[delimiter]}")
    if encoding != "utf-8":
        notes.append(f"text is {encoding.upper()}")
    if gzip and not path.endswith(".gz"):
        notes.append("compressed with gzip, though the name does not end in .gz")
    return CsvLayout(gzip, encoding, delimiter, tuple(notes))


def find_delimiter(text: str, usual: str = ",", *, is_whole: bool = True) -> str:
    """Returns the delimiter that cuts the header and the first rows into equally many values.

    Of several the one that gives most; `usual` where two give as many. Where none does so, as
    with a row that is broken, `usual` if it cuts the header, else the one that cuts it into most.

    Args:
      text: the start of a file.
      usual: the delimiter that is meant where nothing speaks for another.
      is_whole: False where `text` ends somewhere in a row.
    """
    widths = {delimiter: _widths(text, delimiter, is_whole) for delimiter in (usual, *DELIMITERS)}
    cuts = [delimiter for delimiter, found in widths.items() if found and found[0] > 1]
    agree = [delimiter for delimiter in cuts if len(set(widths[delimiter])) == 1]
    if not agree and (usual in cuts or not cuts):
        return usual
    return max(agree or cuts, key=lambda delimiter: widths[delimiter][0])


def _widths(text: str, delimiter: str, is_whole: bool) -> list[int]:
    """How many values the header and the first rows have."""
    # Before Python 3.11 csv refuses NUL, which a value may hold.
    lines = io.StringIO(text.replace("\0", " "), newline="")
    rows = filter(None, csv.reader(lines, delimiter=delimiter))
    found = [len(row) for row in itertools.islice(rows, _ROWS_COMPARED)]
    cut_off = not is_whole and len(found) < _ROWS_COMPARED
    return found[:-1] or found if cut_off else found


def _read(stream: pa.NativeFile, size: int) -> bytes:
    """Reads up to `size` bytes; a decompressor may give fewer than there are at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _refuse_unmarked_utf16(head: bytes, source: str) -> None:
    """Raises BadDataError where every other byte is NUL: letters in UTF-16 without its mark."""
    line = head.partition(b"\n")[0][:400]
    for name, first in (("UTF-16LE", 1), ("UTF-16BE", 0)):
        every_other = line[first::2]
        if len(line) > 3 and every_other.count(0) > 0.8 * len(every_other):
            raise BadDataError(
                f"{source} seems to be {name} without a byte order mark; wanted UTF-8: "
                f"iconv -f {name} -t UTF-8 {source} > NEW.csv"
            )
