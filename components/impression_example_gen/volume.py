"""A newest span that is much smaller than the days before: probably a half-written day."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Mapping

from common.errors import BadDataError
from components.span_window.config import VolumeConfig
from components.span_window.window import Window
from data.log.spans import PREFIX


@dataclasses.dataclass(frozen=True)
class SmallSpan:
    """A span of too few rows.

    Attributes:
      span: the folder's name.
      rows: how many the log has, refused ones too.
      median: of the rows of the spans before.
      before: how many these are.
    """

    span: str
    rows: int
    median: float
    before: int

    def __str__(self) -> str:
        several = f"the median of the {self.before} spans before"
        days = several if self.before > 1 else "the rows of the span before"
        return (
            f"{self.span} has {self.rows:,} rows, {self.rows / self.median:.1%} of "
            f"{self.median:,.0f}, {days}"
        )


def small_spans(
    rows: Mapping[str, int], window: Window, config: VolumeConfig
) -> tuple[SmallSpan, ...]:
    """Compares the newest spans with those before them.

    The eval spans are the newest; without any, the last train span is. Each is compared with the
    median of the train spans (then: the other ones), which a single odd day does not move.

    Args:
      rows: date -> how many the log has.
      window: the dates.
      config: the smallest share of the median.

    Returns:
      The spans below it, in order; none where no span comes before.
    """
    before, newest = window.train, window.eval
    if not newest:
        before, newest = before[:-1], before[-1:]
    if not before:
        return ()
    median = statistics.median(rows[date] for date in before)
    return tuple(
        SmallSpan(f"{PREFIX}{date}", rows[date], median, len(before))
        for date in newest
        if rows[date] < config.at_least * median
    )


def volume_lines(spans: Iterable[SmallSpan]) -> list[str]:
    """Returns one line a span."""
    return [f"few rows: {span}; is it complete?" for span in spans]


def check_volume(spans: Iterable[SmallSpan], config: VolumeConfig) -> None:
    """Refuses spans of too few rows, where the configuration says so.

    Raises:
      BadDataError: names each with its rows.
    """
    found = list(spans)
    if found and config.otherwise == "refuse":
        raise BadDataError(
            "\n  ".join(
                [
                    f"too few rows, at least {config.at_least:.0%} of the days before are wanted "
                    "(window.volume):",
                    *map(str, found),
                    "deliver the rest; or end the window before (window.end, window.lag), or "
                    "lower window.volume.at_least",
                ]
            )
        )
