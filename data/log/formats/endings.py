"""Which format a file of a log has: its name says so."""

from __future__ import annotations

import re
from typing import Literal

KNOWN = ".parquet, .csv, .csv.gz, .tsv, .tsv.gz, .tfrecord or .tfrecord.gz"

LogFormat = Literal["parquet", "csv", "tfrecord"]

_ENDINGS: dict[LogFormat, re.Pattern[str]] = {
    "parquet": re.compile(r"\.parquet$"),
    "csv": re.compile(r"\.[ct]sv(\.gz)?$"),
    "tfrecord": re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$"),
}
_PART = re.compile(r"part-[^.]*(\.gz)?")


def format_of(name: str) -> LogFormat | None:
    """Returns the format of a file of this name; None where it is no file of a log."""
    return next((kind for kind, ending in _ENDINGS.items() if ending.search(name)), None)


def format_of_part(name: str, folder: LogFormat | None) -> LogFormat | None:
    """Returns the format of a file without an ending of its own in a folder with one.

    Hadoop writes `log.tfrecord/part-r-00000`, or `part-00000.gz` where it compresses.

    Args:
      name: the file's.
      folder: the format that the folder's ending says; None where it says none.
    """
    part = _PART.fullmatch(name)
    if part is None or (part[1] and folder == "parquet"):
        return None
    return folder
