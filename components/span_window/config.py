"""Which spans a run uses, and when a span counts as complete."""

from __future__ import annotations

import dataclasses
import datetime
import re
from typing import Any, Literal

import pydantic

from common.settings import Settings
from data.log.formats.endings import format_of

_HOURS = re.compile(r"(\d{1,5})h")
_LAG = "write a number of spans, such as 1, or hours, such as 6h"


@dataclasses.dataclass(frozen=True)
class Lag:
    """How far a window that ends with the latest span stays behind it.

    Attributes:
      spans: how many of the newest ones are not used.
      hours: that must have passed since the end of a span's day (UTC); None where a span counts
        as soon as it is there.
    """

    spans: int = 0
    hours: int | None = None

    @classmethod
    def parse(cls, value: int | str) -> Lag:
        """Reads what a configuration says: a number of spans, or hours (`6h`).

        Raises:
          ValueError: it is neither.
        """
        if isinstance(value, str):
            if found := _HOURS.fullmatch(value):
                return cls(hours=int(found[1]))
            raise ValueError(f"{value!r} is no lag; {_LAG}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{value!r} is no lag; {_LAG}")
        return cls(spans=value)


class VolumeConfig(Settings):
    """What is done about a newest span that is much smaller than the days before.

    Attributes:
      at_least: of each eval span (without any, of the last span): its rows, divided by the
        median of the window's spans before. 0 checks nothing.
      otherwise: `warn` goes on, `refuse` ends the run before anything is written.
    """

    at_least: float = pydantic.Field(default=0.5, ge=0, le=1)
    otherwise: Literal["warn", "refuse"] = "warn"


class WindowConfig(Settings):
    """Which spans (days) a run uses.

    Attributes:
      end: the last span, YYYY-MM-DD, or `latest`: the newest that is complete.
      train_spans: number of spans before the eval spans; 1 by default where the schema has no
        timestamp.
      eval_spans: number of last spans that only the Evaluator reads; 0 by default where the
        schema has no timestamp, and `split.eval_fraction` 0.1.
      lag: with `end: latest`, how many of the newest spans are not used (`1`), or how many hours
        after the end of its day (UTC) a span is complete (`6h`).
      ready: the name of a file that a span's folder must hold to be complete, such as Spark's
        `_SUCCESS`.
      volume: what is done about a newest span of few rows.
    """

    end: str = "latest"
    train_spans: int = pydantic.Field(default=6, ge=1)
    eval_spans: int = pydantic.Field(default=1, ge=0)
    lag: int | str = 0
    ready: str | None = None
    volume: VolumeConfig = VolumeConfig()

    @pydantic.field_validator("end", mode="before")
    @classmethod
    def _yaml_reads_dates(cls, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime.date) else value

    @pydantic.field_validator("lag", mode="before")
    @classmethod
    def _a_lag(cls, value: Any) -> Any:
        Lag.parse(value)
        return value

    @pydantic.field_validator("ready")
    @classmethod
    def _a_name(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if "/" in value or value.strip() in ("", ".", ".."):
            raise ValueError(f"{value!r} is no file's name; write one such as _SUCCESS")
        if format_of(value) is not None:
            raise ValueError(f"{value!r} would be read as a file of the log; write _SUCCESS")
        return value
