"""What lies in the window's folders: files, row groups and times, before any row is moved."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import logging

from tfx.dsl.io import fileio

from common.errors import BadDataError
from data.log import columns, rules
from data.log.formats.endings import KNOWN, format_of
from data.log.formats.opening import open_log
from data.log.spans import PREFIX
from data.log.time_counts import TimeCounts
from schemas.contract import Contract

# Files of a remote store are latency, not work.
_THREADS = 16

# A file of more rows is surveyed by whole seconds: at most 86,400 entries a day, where
# microseconds would be one a row, 75 bytes each.
_SURVEYED_EXACTLY = 1_000_000

_BATCH_ROWS = 1 << 18

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class LogFile:
    """One file of the log.

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


def survey(contract: Contract, data_path: str, dates: tuple[str, ...]) -> list[LogFile]:
    """Reads the schemas and the timestamps of all files of the `dates`, in a fixed order.

    Raises:
      BadDataError: a span without files or rows, a file that is not what its name says, a
        column that is missing or has a type that can't be cast, or not one time inside its day.
    """
    found: list[tuple[str, str, str]] = []
    for date in dates:
        found.extend((date, path, name) for path, name in span_files(data_path, date))
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        files = list(pool.map(lambda item: _survey_file(contract, *item), found))
    for date in dates:
        if not any(file.rows for file in files if file.date == date):
            raise BadDataError(f"{PREFIX}{date} has files but no row; deliver the day anew")
    if not any(len(file.times.times) for file in files):
        _raise_no_time(contract, next(file for file in files if file.rows))
    return files


def span_files(data_path: str, date: str) -> list[tuple[str, str]]:
    """Lists the files of a span: where each can be opened, and its name for people.

    Raises:
      BadDataError: there is none.
    """
    folder = f"{data_path.rstrip('/')}/{PREFIX}{date}"
    names = _log_names(folder)
    if not names:
        raise BadDataError(f"{folder} holds no {KNOWN} file; deliver the day or leave it out")
    return [(f"{folder}/{name}", f"{PREFIX}{date}/{name}") for name in names]


def _log_names(folder: str) -> list[str]:
    if not fileio.isdir(folder):
        return []
    names = sorted(name for name in fileio.listdir(folder) if not name.startswith((".", "_")))
    for name in names:
        if format_of(name) is None:
            _log.warning("%s/%s is left out: it is no %s file", folder, name, KNOWN)
    return [name for name in names if format_of(name)]


def _survey_file(contract: Contract, date: str, path: str, name: str) -> LogFile:
    reader = open_log(contract, path, name)
    columns.check_schema(contract, reader.schema, name, reader.untyped)
    time = contract.timestamp
    second = time.tags.ticks_per_second
    start, end = rules.day_bounds(date, second)
    groups = [0] * reader.groups
    counts = []
    first_time = None
    for group in range(reader.groups):
        for batch in reader.batches(group, [time.name], _BATCH_ROWS):
            groups[group] += batch.num_rows
            ticks = columns.typed(contract, time, batch.column(0)).filled()
            if first_time is None and len(ticks):
                first_time = int(ticks[0])
            inside = ticks[(ticks >= start) & (ticks < end)]
            if sum(groups) > _SURVEYED_EXACTLY:
                inside = inside - inside % second
            counts.append(TimeCounts.of(inside))
    times = TimeCounts.merged(counts)
    if sum(groups) > _SURVEYED_EXACTLY:
        times = times.by(second)
    return LogFile(path, name, date, tuple(groups), times, first_time)


def _raise_no_time(contract: Contract, file: LogFile) -> None:
    time = contract.timestamp
    start, end = rules.day_bounds(file.date, time.tags.ticks_per_second)
    raise BadDataError(
        f"no row of the window has a time inside its span's day (UTC): in {file.name}, row 0, "
        f"column '{time.name}' is {file.first_time}; wanted {start} to {end - 1}. Check the unit "
        f"in the column's tag ('timestamp:unit=s', ms or us) and the folders' dates"
    )
