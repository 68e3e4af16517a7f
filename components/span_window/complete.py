"""Which of the newest spans are complete; a half-written day is none to train on."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Sequence

from common.errors import BadDataError
from components.span_window.config import Lag, WindowConfig
from data.log.spans import PREFIX, some

_DAY = datetime.timedelta(days=1)
_UTC = datetime.timezone.utc


@dataclasses.dataclass(frozen=True)
class PassedOver:
    """A span that is newer than the window's end.

    Attributes:
      span: the folder's name.
      reason: why the window does not end with it, for people.
    """

    span: str
    reason: str


def passed_over_lines(passed_over: Iterable[PassedOver]) -> list[str]:
    """Returns one line a reason: `passed over: span=2026-01-09 (it has no _SUCCESS, …)`."""
    found = list(passed_over)
    return [
        f"passed over: {some(x.span for x in found if x.reason == reason)} ({reason})"
        for reason in dict.fromkeys(x.reason for x in found)
    ]


def is_marked_always(date: str) -> bool:
    """For logs whose spans are complete without a marker."""
    return True


class Completeness:
    """What makes a span complete, by the configuration, the markers and the clock."""

    def __init__(
        self, config: WindowConfig, is_marked: Callable[[str], bool], now: datetime.datetime
    ) -> None:
        """See `resolve` for the arguments."""
        self._config = config
        self._lag = Lag.parse(config.lag)
        self._is_marked = is_marked
        self._now = now

    def marked(self, date: datetime.date) -> bool:
        """Says whether a span has its marker, where one is wanted."""
        return self._config.ready is None or self._is_marked(date.isoformat())

    def newest(
        self, existing: Sequence[datetime.date]
    ) -> tuple[datetime.date, tuple[PassedOver, ...]]:
        """Returns the newest complete span, and the newer ones, the newest first.

        Args:
          existing: the log's spans in order, at least one.

        Raises:
          BadDataError: none is complete.
        """
        passed_over: list[PassedOver] = []
        for place, date in enumerate(reversed(existing)):
            reason = self._why_not(place, date)
            if reason is None:
                return date, tuple(passed_over)
            passed_over.append(PassedOver(f"{PREFIX}{date}", reason))
        lines = "".join(f"\n  {line}" for line in passed_over_lines(passed_over))
        raise BadDataError(f"no span of the log is complete:{lines}")

    def _why_not(self, place: int, date: datetime.date) -> str | None:
        if place < self._lag.spans:
            return f"one of the {self._lag.spans} newest, window.lag is {self._lag.spans}"
        if self._lag.hours is not None:
            midnight = datetime.datetime.combine(date + _DAY, datetime.time(), _UTC)
            wanted = midnight + datetime.timedelta(hours=self._lag.hours)
            if self._now < wanted:
                return (
                    f"window.lag is {self._lag.hours}h, so complete from {_text(wanted)} on, and "
                    f"it is {_text(self._now)}, UTC"
                )
        if not self.marked(date):
            return f"without {self._config.ready}, which window.ready wants"
        return None


def _text(time: datetime.datetime) -> str:
    return time.astimezone(_UTC).strftime("%Y-%m-%d %H:%M")
