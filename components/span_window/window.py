"""The window of dates a run learns from and is judged on, and its file."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterable

from common.errors import BadDataError
from common.json_files import write_json
from common.settings import SettingsError
from data.log.spans import PREFIX, some, spans

FILE_NAME = "window.json"
LATEST = "latest"


@dataclasses.dataclass(frozen=True)
class Window:
    """Consecutive dates (`YYYY-MM-DD`), each list in order, all of `train` before `eval`."""

    train: tuple[str, ...]
    eval: tuple[str, ...]

    @property
    def dates(self) -> tuple[str, ...]:
        """All dates, in order."""
        return (*self.train, *self.eval)


def resolve(
    names: Iterable[str],
    end: str,
    train_spans: int,
    eval_spans: int,
    today: datetime.date | None = None,
) -> Window:
    """Turns a number of spans before `end` into dates.

    Args:
      names: what the data folder holds; only `span=YYYY-MM-DD` counts.
      end: the window's last date, or `latest` for the last one that exists.
      train_spans: number of dates to learn from (>= 1).
      eval_spans: number of dates after those to be judged on (>= 0).
      today: the UTC day; the latest span may be one day after it, no more. None for the clock's.

    Raises:
      BadDataError: no span exists, a date of the window is missing, or the latest span is of a
        day that has not come; names it.
      SettingsError: `end`, `train_spans` or `eval_spans` can't be used.
    """
    if train_spans < 1 or eval_spans < 0:
        raise SettingsError(
            f"train_spans is {train_spans} and eval_spans is {eval_spans}; "
            "write at least 1 and at least 0"
        )
    existing = [datetime.date.fromisoformat(date) for date in spans(names)]
    last = existing[-1] if end == LATEST else _parse_end(end)
    if end == LATEST:
        _refuse_the_future(last, today)
    size = train_spans + eval_spans
    wanted = [last - datetime.timedelta(days=back) for back in reversed(range(size))]
    missing = [date for date in wanted if date not in set(existing)]
    if missing:
        raise BadDataError(
            f"the window {wanted[0]} to {last} ({train_spans} train and {eval_spans} eval spans, "
            f"end '{end}') lacks {some(map(str, missing))}; the log has {_runs(existing)}. "
            "Deliver the missing days, or choose another end or fewer spans"
        )
    texts = [date.isoformat() for date in wanted]
    return Window(tuple(texts[:train_spans]), tuple(texts[train_spans:]))


def write(window: Window, folder: str) -> None:
    """Writes `window.json` into `folder`, a local or remote path."""
    write_json(f"{folder}/{FILE_NAME}", dataclasses.asdict(window))


def read(folder: str) -> Window:
    """Reads the window that `write` wrote into `folder`."""
    # Importing TFX takes seconds, and `resolve` must not need it.
    from tfx.dsl.io import fileio

    with fileio.open(f"{folder}/{FILE_NAME}") as file:
        content = json.loads(file.read())
    return Window(tuple(content["train"]), tuple(content["eval"]))


def _refuse_the_future(last: datetime.date, today: datetime.date | None) -> None:
    today = today or datetime.datetime.now(datetime.timezone.utc).date()
    # The clock of whoever wrote the log may be ahead of ours.
    if last > today + datetime.timedelta(days=1):
        raise BadDataError(
            f"the latest span, {PREFIX}{last}, lies in the future (today is {today}, UTC): mend "
            "the folder's name or the clock that wrote it, or name the last day (window.end)"
        )


def _parse_end(end: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(end)
    except ValueError:
        raise SettingsError(f"end is '{end}'; write '{LATEST}' or a date like 2026-01-31") from None


def _runs(dates: list[datetime.date]) -> str:
    """Writes sorted dates as runs without gaps: `2026-01-01 to 2026-01-05, 2026-01-07`."""
    runs: list[list[datetime.date]] = []
    for date in dates:
        if runs and date - runs[-1][-1] == datetime.timedelta(days=1):
            runs[-1].append(date)
        else:
            runs.append([date])
    return some(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
