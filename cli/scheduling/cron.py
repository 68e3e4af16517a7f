"""Cron expressions: one grammar that Kubeflow, crontab and systemd all understand."""

from __future__ import annotations

import dataclasses
import re

from common.settings import SettingsError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# A step only after * or a range: crontab knows no '5/10'.
_ITEM = re.compile(r"(?P<range>\*|(?P<first>\w+)-(?P<last>\w+))(?:/(?P<step>[0-9]+))?|(?P<one>\w+)")


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def values(self, text: str, source: str) -> tuple[int, ...]:
        """All numbers that `text` stands for, sorted."""
        found: set[int] = set()
        for item in text.split(","):
            match = _ITEM.fullmatch(item)
            if match is None:
                raise self._error(item, source)
            step = int(match["step"] or 1)
            if match["range"] == "*":
                first, last = self.low, self.high
            else:
                first = self._number(match["first"] or match["one"], item, source)
                last = self._number(match["last"] or match["one"], item, source)
            if last < first or step < 1:
                raise self._error(item, source)
            found.update(range(first, last + 1, step))
        return tuple(sorted(found))

    def _number(self, text: str, item: str, source: str) -> int:
        if text.lower() in self.words:
            return self.low + self.words.index(text.lower())
        if not text.isdecimal() or not self.low <= int(text) <= self.high:
            raise self._error(item, source)
        return int(text)

    def _error(self, item: str, source: str) -> SettingsError:
        words = f", {self.words[0]} to {self.words[-1]}" if self.words else ""
        return SettingsError(
            f"--cron '{source}': field '{self.name}' has '{item}'; want {self.low} to "
            f"{self.high}{words}, *, ranges (1-5), steps (*/2) and lists (1,3) of these"
        )


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


@dataclasses.dataclass(frozen=True)
class Cron:
    """Times by second, minute, hour, day of month, month and day of week.

    Attributes:
      fields: their six texts.
      values: the numbers that each stands for, sorted.
    """

    fields: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads six fields, or five, at second 0.

        Raises:
          SettingsError: names the field that can't be used, or the date that never comes.
        """
        fields = tuple("*" if field == "?" else field for field in text.split())
        if len(fields) == 5:
            fields = ("0", *fields)
        if len(fields) != 6:
            raise SettingsError(
                f"--cron '{text}' has {len(fields)} fields; want 6 (second, minute, hour, day of "
                "month, month, day of week) or 5 (without the second), such as '0 0 3 * * *'"
            )
        pairs = zip(_FIELDS, fields, strict=True)
        values = tuple(field.values(part, text) for field, part in pairs)
        _, _, _, days, months, _ = values
        if fields[5].startswith("*") and days[0] > max(_LONGEST[month - 1] for month in months):
            raise SettingsError(f"--cron '{text}': no such month has a day {days[0]}")
        return cls(fields, values)

    @property
    def kubeflow(self) -> str:
        """Six fields: of five, Kubeflow would take the first for seconds."""
        return " ".join(self.fields)

    @property
    def crontab(self) -> str:
        """Five fields.

        Raises:
          SettingsError: crontab has no seconds.
        """
        if self.values[0] != (0,):
            raise SettingsError(
                f"--cron '{self.kubeflow}': crontab has no field 'second'; make it 0, or add "
                "--systemd"
            )
        return " ".join(self.fields[1:])

    @property
    def systemd(self) -> tuple[str, ...]:
        """Calendar events, of which each starts a run."""
        second, minute, hour, day, month, weekday = (
            "*" if text == "*" else ",".join(f"{value:02d}" for value in values)
            for text, values in zip(self.fields, self.values, strict=True)
        )
        time = f"{hour}:{minute}:{second}"
        if weekday == "*":
            return (f"*-{month}-{day} {time}",)
        names = ",".join(_DAYS[value].capitalize() for value in self.values[5])
        if any(self.fields[index].startswith("*") for index in (3, 5)):
            return (f"{names} *-{month}-{day} {time}",)
        # Where both days are limited, cron asks for either and systemd for both.
        return (f"*-{month}-{day} {time}", f"{names} *-{month}-* {time}")
