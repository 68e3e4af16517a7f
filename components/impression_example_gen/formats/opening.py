"""Which format a file of the log has: its name says so."""

from __future__ import annotations

import re

from components.impression_example_gen.formats.csv_file import CsvFile
from components.impression_example_gen.formats.log_reader import LogReader
from components.impression_example_gen.formats.parquet_file import ParquetFile
from components.impression_example_gen.formats.tfrecord_file import TFRecordFile
from schemas.contract import Contract

KNOWN = ".parquet, .csv, .csv.gz, .tfrecord or .tfrecord.gz"

_PARQUET = re.compile(r"\.parquet$")
_CSV = re.compile(r"\.csv(\.gz)?$")
_TFRECORD = re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$")


def has_known_format(name: str) -> bool:
    """Says whether `open_log` can open a file of this name."""
    return any(pattern.search(name) for pattern in (_PARQUET, _CSV, _TFRECORD))


def open_log(contract: Contract, path: str, source: str) -> LogReader:
    """Opens a local or remote file of the log.

    Args:
      contract: the data contract.
      path: where it can be opened; its ending is a known one.
      source: its name in errors.

    Raises:
      BadDataError: it is not what its name says.
    """
    if _PARQUET.search(path):
        return ParquetFile(path, source)
    if _CSV.search(path):
        return CsvFile(path, source)
    return TFRecordFile(path, source, contract)
