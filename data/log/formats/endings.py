"""Which format a file of a log has: its name says so."""

from __future__ import annotations

import re
from typing import Literal

KNOWN = ".parquet, .csv, .csv.gz, .tfrecord or .tfrecord.gz"

LogFormat = Literal["parquet", "csv", "tfrecord"]

_ENDINGS: dict[LogFormat, re.Pattern[str]] = {
    "parquet": re.compile(r"\.parquet$"),
    "csv": re.compile(r"\.csv(\.gz)?$"),
    "tfrecord": re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$"),
}


def format_of(name: str) -> LogFormat | None:
    """Returns the format of a file of this name; None where it is no file of a log."""
    return next((kind for kind, ending in _ENDINGS.items() if ending.search(name)), None)
