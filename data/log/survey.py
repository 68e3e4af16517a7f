"""What lies in the window's folders: files, row groups and times, before any row is moved."""

from __future__ import annotations

import concurrent.futures
import dataclasses

from common.errors import BadDataError
from data.log import columns, rules
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from data.log.formats.opening import open_checked
from data.log.spans import no_row
from data.log.time_counts import TimeCounts
from schemas.column import Column
from schemas.contract import Contract

# Files of a remote store are latency, not work.
_THREADS = 16

# A file of more rows is surveyed by whole seconds: at most 86,400 entries a day, where
# microseconds would be one a row, 75 bytes each.
_SURVEYED_EXACTLY = 1_000_000

_BATCH_ROWS = 1 << 18


@dataclasses.dataclass(frozen=True)
class SurveyedFile:
    """One file of the window.

    Attributes:
      file: which one.
      date: its span.
      row_groups: rows of each row group.
      times: how many rows have each timestamp inside the span's day; none without a timestamp.
      first_time: the first row's timestamp, whatever it is; None where the file has no row, or
        the schema no timestamp.
    """

    file: LogFile
    date: str
    row_groups: tuple[int, ...]
    times: TimeCounts
    first_time: int | None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.row_groups)


@dataclasses.dataclass(frozen=True)
class Survey:
    """The files of the window in a fixed order, and what the data folder holds besides."""

    files: tuple[SurveyedFile, ...]
    left_out: tuple[LeftOut, ...]


def survey(contract: Contract, data_path: str, dates: tuple[str, ...]) -> Survey:
    """Reads the schemas and the timestamps of all files of the `dates`.

    Raises:
      BadDataError: a span without files or rows, a file that is not what its name says, a
        column that is missing or has a type that can't be cast, or not one time inside its day.
    """
    listings = {date: list_span(data_path, date) for date in dates}
    found = [(date, file) for date, listing in listings.items() for file in listing.files]
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        files = tuple(pool.map(lambda item: _survey_file(contract, *item), found))
    for date in dates:
        if not any(file.rows for file in files if file.date == date):
            raise BadDataError(no_row(date))
    if contract.timestamp and not any(len(file.times.times) for file in files):
        _raise_no_time(contract.timestamp, next(file for file in files if file.rows))
    left_out = [item for listing in listings.values() for item in listing.left_out]
    return Survey(files, (*outside_spans(data_path), *left_out))


def _survey_file(contract: Contract, date: str, file: LogFile) -> SurveyedFile:
    reader = open_checked(file, contract)
    if reader.is_empty:
        return SurveyedFile(file, date, (), TimeCounts.merged([]), None)
    time = contract.timestamp
    groups = [0] * reader.groups
    if time is None:
        for group in range(reader.groups):
            for batch in reader.batches(group, [contract.columns[0].name], _BATCH_ROWS):
                groups[group] += batch.num_rows
        return SurveyedFile(file, date, tuple(groups), TimeCounts.merged([]), None)
    second = time.tags.ticks_per_second
    start, end = rules.day_bounds(date, second)
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
    return SurveyedFile(file, date, tuple(groups), times, first_time)


def _raise_no_time(time: Column, file: SurveyedFile) -> None:
    start, end = rules.day_bounds(file.date, time.tags.ticks_per_second)
    raise BadDataError(
        f"no row of the window has a time inside its span's day (UTC): in {file.file.name}, row 0, "
        f"column '{time.name}' is {file.first_time}; wanted {start} to {end - 1}. Check the unit "
        f"in the column's tag ('timestamp:unit=s', ms or us) and the folders' dates"
    )
