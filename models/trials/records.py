"""Records of finished trials: small files to keep in version control, without scores.

A record is one line of JSON. What was trained once need not be trained again, on whatever
machine, as long as its fingerprint is the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import math
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from common.atomic_files import write_whole
from common.errors import PolyrankError
from common.json_files import to_text
from models.metrics.cells import CellMetrics
from models.trials.result import TrialResult

RECORD_FORMAT = 1
_DIGITS = 7


@dataclasses.dataclass(frozen=True)
class Record:
    """One finished trial.

    Attributes:
      trial: what names it within its file, such as (world, variant, seed).
      result: what it has measured; floats have 7 significant digits.
      more: plain values that whoever asked for the trial has added.
    """

    trial: tuple[str | int, ...]
    result: TrialResult
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


class RecordFile:
    """Records in a file of JSON lines, sorted by what names a trial.

    Args:
      path: the file; it need not be there.

    Raises:
      PolyrankError: a line is no record, or one of a later version; it says which.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._records = _read(path)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def find(self, fingerprint: str) -> Record | None:
        """Returns the record of that fingerprint, None where there is none."""
        return next((r for r in self if r.result.fingerprint == fingerprint), None)

    def add(self, record: Record) -> None:
        """Adds a record, or replaces that of the same trial, and writes the file whole.

        What other processes have added since this one read the file stays in it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _only_writer_in(self.path.parent):
            found = {**_read(self.path), record.trial: record}
            self._records = dict(sorted(found.items(), key=lambda item: _order(item[0])))
            lines = (to_text(_document(one)) + "\n" for one in self)
            write_whole(self.path, "".join(lines))
            # As the next reader finds it, floats and all.
            self._records = _read(self.path)


def read_records(paths: Iterable[pathlib.Path]) -> dict[str, Record]:
    """Reads several files: fingerprint -> record.

    Raises:
      PolyrankError: a line is no record.
    """
    return {one.result.fingerprint: one for path in paths for one in RecordFile(path)}


def rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Returns plain values with floats of so many significant digits, for a small file."""
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{digits}g}")
    return value


def _read(path: pathlib.Path) -> dict[tuple[str | int, ...], Record]:
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        record = _record(line, f"{path}, line {number}")
        found[record.trial] = record
    return found


def _record(line: bytes, place: str) -> Record:
    try:
        values = json.loads(line.decode())
        record_format = values["format"]
        if record_format == RECORD_FORMAT:
            result = values["result"]
            if result["monitor"] is None:
                result["monitor"] = math.nan
            result["metrics"] = {name: _cells(x) for name, x in result["metrics"].items()}
            return Record(_trial(values["trial"]), TrialResult(**result), values["more"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolyrankError(
            f"{place} is no record of a trial ({type(error).__name__}: {error}); take the line "
            "out, and the trial is run again"
        ) from error
    raise PolyrankError(
        f"{place} is of format {record_format}, and this version of Polyrank reads {RECORD_FORMAT}:"
        " use the version that wrote it, or another file"
    )


def _trial(values: list[Any]) -> tuple[str | int, ...]:
    wrong = [x for x in values if not isinstance(x, str | int)]
    if wrong:
        raise TypeError(f"{wrong[0]!r} names no trial; want texts and whole numbers")
    return tuple(values)


def _document(record: Record) -> dict[str, Any]:
    result = dataclasses.asdict(record.result)
    result["metrics"] = {name: _table(x) for name, x in record.result.metrics.items()}
    document = {"format": RECORD_FORMAT, "trial": record.trial, "result": rounded(result)}
    return {**document, "more": record.more}


def _table(cells: CellMetrics) -> dict[str, Any]:
    """A list of numbers a cell: the metrics' names would be most of the file."""
    of_cells = [cell for scenarios in cells.values() for cell in scenarios.values()]
    names = list(dict.fromkeys(name for cell in of_cells for name in cell))
    return {
        "metrics": names,
        "values": {
            output: {name: [cell.get(x) for x in names] for name, cell in scenarios.items()}
            for output, scenarios in cells.items()
        },
    }


def _cells(table: dict[str, Any]) -> CellMetrics:
    return {
        output: {
            name: {
                metric: math.nan if value is None else value
                for metric, value in zip(table["metrics"], values, strict=True)
            }
            for name, values in scenarios.items()
        }
        for output, scenarios in table["values"].items()
    }


def _order(trial: tuple[str | int, ...]) -> list[tuple[bool, int, str]]:
    """Numbers by their value, before texts."""
    return [(isinstance(x, str), 0 if isinstance(x, str) else x, str(x)) for x in trial]


@contextlib.contextmanager
def _only_writer_in(folder: pathlib.Path) -> Iterator[None]:
    """Waits for other processes that write below `folder`.

    It leaves no file of its own, but for `.lock` where folders can't be locked, as on NFS.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
    except OSError:
        os.close(opened)
        opened = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        with contextlib.suppress(OSError):  # Some file systems can lock nothing.
            fcntl.flock(opened, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(opened)
