"""The window of dates a run learns from and is judged on, and its file."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable

from common.errors import BadDataError
from common.json_files import write_json
from common.settings import SettingsError
from components.span_window.complete import (
    Completeness,
    PassedOver,
    is_marked_always,
    passed_over_lines,
)
from components.span_window.config import WindowConfig
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


@dataclasses.dataclass(frozen=True)
class Found:
    """A window, and the newer spans that it does not end with, the newest first."""

    window: Window
    passed_over: tuple[PassedOver, ...] = ()


def resolve(
    names: Iterable[str],
    config: WindowConfig,
    is_marked: Callable[[str], bool] = is_marked_always,
    now: datetime.datetime | None = None,
) -> Found:
    """Turns a number of spans before the end into dates.

    Args:
      names: what the data folder holds; only `span=YYYY-MM-DD` counts.
      config: the end, the numbers of spans, and when a span is complete. `lag` matters where the
        end is `latest`; a date is taken as it is.
      is_marked: whether the span of a date holds `config.ready`; called where that is a name.
      now: with a time zone. None for the clock's. The latest span may be of the UTC day after
        it, no more.

    Raises:
      BadDataError: no span exists or is complete, a date of the window is missing or lacks
        `config.ready`, or the latest span is of a day that has not come; names it.
      SettingsError: the end can't be used.
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    existing = [datetime.date.fromisoformat(date) for date in spans(names)]
    complete = Completeness(config, is_marked, now)
    passed_over: tuple[PassedOver, ...] = ()
    if config.end == LATEST:
        _refuse_the_future(existing[-1], now.astimezone(datetime.timezone.utc).date())
        last, passed_over = complete.newest(existing)
    else:
        last = _parse_end(config.end)
    size = config.train_spans + config.eval_spans
    wanted = [last - datetime.timedelta(days=back) for back in reversed(range(size))]
    missing = [date for date in wanted if date not in set(existing)]
    unmarked = [date for date in wanted if date not in missing and not complete.marked(date)]
    if missing or unmarked:
        lacks = [f"lacks {some(map(str, missing))}"] if missing else []
        if unmarked:
            lacks.append(
                f"has no {config.ready} (window.ready) in {some(f'{PREFIX}{x}' for x in unmarked)}"
            )
        raise BadDataError(
            f"the window {wanted[0]} to {last} ({config.train_spans} train and "
            f"{config.eval_spans} eval spans, end '{config.end}') {' and '.join(lacks)}; the log "
            f"has {_runs(existing)}. Deliver the missing days, or choose another end or fewer spans"
            + "".join(f"\n  {line}" for line in passed_over_lines(passed_over))
        )
    texts = [date.isoformat() for date in wanted]
    train = config.train_spans
    return Found(Window(tuple(texts[:train]), tuple(texts[train:])), passed_over)


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


def _refuse_the_future(last: datetime.date, today: datetime.date) -> None:
    # The clock of whoever wrote the log may be ahead of ours.
    if last > today + datetime.timedelta(days=1):
        raise BadDataError(
            f"the latest span, {PREFIX}{last}, lies in the future (today is {today}, UTC): correct "
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
