"""Opens a file of the log, whatever its format."""

from __future__ import annotations

from data.log.formats.csv_file import CsvFile
from data.log.formats.endings import format_of
from data.log.formats.parquet_file import ParquetFile
from data.log.formats.reader import LogReader
from data.log.formats.tfrecord_file import TFRecordFile
from schemas.contract import Contract


def open_log(contract: Contract, path: str, source: str) -> LogReader:
    """Opens a local or remote file of the log.

    Args:
      contract: the data contract.
      path: where it can be opened; its ending is a known one.
      source: its name in errors.

    Raises:
      BadDataError: it is not what its name says.
    """
    kind = format_of(path)
    if kind == "parquet":
        return ParquetFile(path, source)
    if kind == "csv":
        return CsvFile(path, source)
    return TFRecordFile(path, source, contract)
