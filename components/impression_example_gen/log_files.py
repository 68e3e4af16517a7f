"""What lies in the window's folders: files, row groups and times, before any row is moved."""

from __future__ import annotations

import concurrent.futures
import dataclasses
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems
from tfx.dsl.io import fileio

from components.impression_example_gen import checks, columns
from components.impression_example_gen.split import TimeCounts
from components.span_window.window import PREFIX
from schemas.contract import Contract
from schemas.errors import BadDataError

# Footers of a remote store are latency, not work.
_THREADS = 16

# A file of more rows is surveyed by whole seconds: at most 86,400 entries a day, where
# microseconds would be one a row, 75 bytes each.
_SURVEYED_EXACTLY = 1_000_000


@dataclasses.dataclass(frozen=True)
class LogFile:
    """One Parquet file of the log.

    Attributes:
      path: where it can be opened.
      name: relative to the data folder, for people.
      date: its span.
      row_groups: rows of each row group.
      times: how many rows have each timestamp inside the span's day.
      first_time: the first row's timestamp, whatever it is; None where the file has no row.
    """

    path: str
    name: str
    date: str
    row_groups: tuple[int, ...]
    times: TimeCounts
    first_time: int | None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.row_groups)


def open_parquet(path: str, source: str) -> Any:
    """Opens a local or remote file as a pyarrow ParquetFile.

    Raises:
      BadDataError: it is no Parquet file; `source` names it.
    """
    try:
        return pq.ParquetFile(FileSystems.open(path, compression_type="uncompressed"))
    except pa.ArrowInvalid as error:
        raise BadDataError(f"{source} can't be read as Parquet; write it anew ({error})") from None


def survey(contract: Contract, data_path: str, dates: tuple[str, ...]) -> list[LogFile]:
    """Reads the footers and the timestamps of all files of the `dates`, in a fixed order.

    Raises:
      BadDataError: a span without files or rows, a file that is no Parquet, a column that
        is missing or has a type that can't be cast, or not one time inside its day.
    """
    found: list[tuple[str, str, str]] = []
    for date in dates:
        folder = f"{data_path.rstrip('/')}/{PREFIX}{date}"
        names = [name for name in _listed(folder) if name.endswith(".parquet")]
        if not names:
            raise BadDataError(f"{folder} holds no .parquet file; deliver the day or leave it out")
        found.extend((date, f"{folder}/{name}", f"{PREFIX}{date}/{name}") for name in names)
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        files = list(pool.map(lambda item: _survey_file(contract, *item), found))
    for date in dates:
        if not any(file.rows for file in files if file.date == date):
            raise BadDataError(f"{PREFIX}{date} has files but no row; deliver the day anew")
    if not any(len(file.times.times) for file in files):
        _raise_no_time(contract, next(file for file in files if file.rows))
    return files


def _listed(folder: str) -> list[str]:
    if not fileio.isdir(folder):
        return []
    return sorted(name for name in fileio.listdir(folder) if not name.startswith((".", "_")))


def _survey_file(contract: Contract, date: str, path: str, name: str) -> LogFile:
    file = open_parquet(path, name)
    columns.check_schema(contract, file.schema_arrow, name)
    metadata = file.metadata
    groups = tuple(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
    time = contract.timestamp
    start, end = checks.day_bounds(date, time.tags.ticks_per_second)
    counts = []
    first_time = None
    for batch in file.iter_batches(batch_size=1 << 18, columns=[time.name]):
        ticks = columns.typed(contract, time, batch.column(0)).filled()
        if first_time is None and len(ticks):
            first_time = int(ticks[0])
        inside = ticks[(ticks >= start) & (ticks < end)]
        if metadata.num_rows > _SURVEYED_EXACTLY:
            inside = inside - inside % time.tags.ticks_per_second
        counts.append(TimeCounts.of(inside))
    return LogFile(path, name, date, groups, TimeCounts.merged(counts), first_time)


def _raise_no_time(contract: Contract, file: LogFile) -> None:
    time = contract.timestamp
    start, end = checks.day_bounds(file.date, time.tags.ticks_per_second)
    raise BadDataError(
        f"no row of the window has a time inside its span's day (UTC): in {file.name}, row 0, "
        f"column '{time.name}' is {file.first_time}; wanted {start} to {end - 1}. Check the unit "
        f"in the column's tag ('timestamp:unit=s', ms or us) and the folders' dates"
    )
