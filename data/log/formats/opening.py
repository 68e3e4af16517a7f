"""Opens a file of the log, whatever its format."""

from __future__ import annotations

from data.log.columns import check_schema
from data.log.files import LogFile
from data.log.formats.csv_file import CsvFile
from data.log.formats.parquet_file import ParquetFile
from data.log.formats.reader import LogReader
from schemas.contract import Contract


def open_log(file: LogFile, contract: Contract | None = None) -> LogReader:
    """Opens a local or remote file of the log.

    Args:
      file: which one.
      contract: the data contract; None if the log has no schema yet.

    Raises:
      BadDataError: it is not what its name says.
    """
    if file.format == "parquet":
        return ParquetFile(file.path, file.name)
    if file.format == "csv":
        return CsvFile(file.path, file.name)
    # It needs TensorFlow, which takes seconds to import.
    from data.log.formats.tfrecord_file import TFRecordFile

    return TFRecordFile(file.path, file.name, contract)


def open_checked(file: LogFile, contract: Contract) -> LogReader:
    """Opens a file whose columns fit a contract; one without a row has nothing that could not.

    Raises:
      BadDataError: it is not what its name says, or a column is missing or has a type that
        can't be cast.
    """
    reader = open_log(file, contract)
    if not reader.is_empty:
        check_schema(contract, reader.schema, file.name, reader.untyped)
    return reader
