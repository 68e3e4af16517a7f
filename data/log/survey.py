"""What lies in the window's folders: files, row groups and times, before any row is moved."""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Iterable, Mapping

import pyarrow as pa

from common.errors import BadDataError
from data.log import columns, rules
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from data.log.formats.opening import open_checked
from data.log.labels.label_gaps import GapCounts, gap_columns
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
      gaps: how often rows have a label, with its parent and without.
    """

    file: LogFile
    date: str
    row_groups: tuple[int, ...]
    times: TimeCounts
    first_time: int | None
    gaps: GapCounts = dataclasses.field(default_factory=GapCounts)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.row_groups)


@dataclasses.dataclass(frozen=True)
class Survey:
    """The files of the window in a fixed order, and what the data folder holds besides."""

    files: tuple[SurveyedFile, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def gaps(self) -> GapCounts:
        """How often rows of each span have a label, with its parent and without."""
        found = GapCounts()
        for file in self.files:
            found.add(file.gaps)
        return found


def rows_by_date(files: Iterable[SurveyedFile]) -> dict[str, int]:
    """Adds up the rows of each span; refused rows count too."""
    found: dict[str, int] = {}
    for file in files:
        found[file.date] = found.get(file.date, 0) + file.rows
    return found


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
    times = _Times(contract, date)
    gaps, labels = GapCounts(), gap_columns(contract)
    names = list(dict.fromkeys((*times.columns, *labels))) or [contract.columns[0].name]
    groups = [0] * reader.groups
    for group in range(reader.groups):
        for batch in reader.batches(group, names, _BATCH_ROWS):
            groups[group] += batch.num_rows
            arrays = {
                name: columns.typed(contract, contract.column(name), batch.column(name)).array
                for name in (*times.columns, *labels)
            }
            times.add(arrays, exactly=sum(groups) <= _SURVEYED_EXACTLY)
            gaps.count(contract, arrays, date)
    return SurveyedFile(file, date, tuple(groups), times.counts(), times.first, gaps)


class _Times:
    """The timestamps of a file; none where the contract has no such column."""

    def __init__(self, contract: Contract, date: str) -> None:
        self._column = contract.timestamp
        self.columns = () if self._column is None else (self._column.name,)
        self.first: int | None = None
        self._counts: list[TimeCounts] = []
        self._exact = True
        if self._column is not None:
            self._second = self._column.tags.ticks_per_second
            self._bounds = rules.day_bounds(date, self._second)

    def add(self, arrays: Mapping[str, pa.Array], exactly: bool) -> None:
        """Counts those of a batch that lie inside the day, by whole seconds unless `exactly`."""
        if self._column is None:
            return
        ticks = arrays[self._column.name].fill_null(0).to_numpy(zero_copy_only=False)
        if self.first is None and len(ticks):
            self.first = int(ticks[0])
        start, end = self._bounds
        inside = ticks[(ticks >= start) & (ticks < end)]
        if not exactly:
            inside = inside - inside % self._second
            self._exact = False
        self._counts.append(TimeCounts.of(inside))

    def counts(self) -> TimeCounts:
        """Returns what was counted."""
        times = TimeCounts.merged(self._counts)
        return times if self._exact else times.by(self._second)


def _raise_no_time(time: Column, file: SurveyedFile) -> None:
    start, end = rules.day_bounds(file.date, time.tags.ticks_per_second)
    raise BadDataError(
        f"no row of the window has a time inside its span's day (UTC): in {file.file.name}, row 0, "
        f"column '{time.name}' is {file.first_time}; wanted {start} to {end - 1}. Check the unit "
        f"in the column's tag ('timestamp:unit=s', ms or us) and the folders' dates"
    )
