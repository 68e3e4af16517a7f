"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

GZIP = b"\x1f\x8b"

HEAD_BYTES = 16
"""As many first bytes tell what a file is."""

_UNPACK = "unpack it"
_SAVE = "save its rows as CSV or Parquet"
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (GZIP, "compressed with gzip", "gunzip it"),
    (b"PAR1", "a Parquet file", "let its name end in .parquet"),
    (b"PK\x03\x04", "a zip archive (or an Excel workbook)", f"unzip it, or {_SAVE}"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", f"{_UNPACK} (zstd -d)"),
    *(
        (b"BZh%d1AY&SY" % level, "compressed with bzip2", f"{_UNPACK} (bunzip2)")
        for level in range(1, 10)
    ),
    (b"\xfd7zXZ\x00", "compressed with xz", f"{_UNPACK} (unxz)"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", f"{_UNPACK} (lz4 -d)"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with snappy", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", _SAVE),
    (b"ORC", "an ORC file", _SAVE),
    (b"Obj\x01", "an Avro file", _SAVE),
    (b"ARROW1\x00\x00", "an Arrow (Feather) file", _SAVE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _SAVE),
    (b"SQLite format 3\x00", "an SQLite database", _SAVE),
    *(
        (magic, "an HTML page", "was it downloaded without a login, or from a wrong address?")
        for magic in (b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML")
    ),
    (b"<?xml", "XML", _SAVE),
    (b"version https://", "a pointer of Git LFS", "fetch the file (git lfs pull)"),
)


def is_gzip(head: bytes) -> bool:
    """Says whether a file that begins with `head` is compressed with gzip."""
    return head.startswith(GZIP)


def foreign(head: bytes) -> str:
    """Says what a file is that can't be read by what its name says.

    Args:
      head: its first bytes, at least HEAD_BYTES where it has so many.

    Returns:
      What it is and what to do, such as "a zip archive, by its first bytes; unzip it"; empty
      where the bytes tell nothing.
    """
    for magic, what, advice in _FOREIGN:
        # A column may be called 'ORC' too: then text goes on.
        if head.startswith(magic) and not (magic in (b"PAR1", b"ORC") and _is_text(head)):
            return f"{what}, by its first bytes; {advice}"
    return ""


def _is_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\r\n" for byte in head)
