"""What became of the rows: counted by each shard, added up and judged by the executor."""

from __future__ import annotations

import dataclasses
import json

from common.errors import BadDataError
from common.full_disk import DiskFullError
from common.names import SPLITS
from data.log.labels.unknown_labels import UnknownLabels
from data.log.lists.long_lists import LongLists
from data.log.rule import MISSING, Rule
from data.log.user_counts import UserCounts

_MOST_REASONS = 5


@dataclasses.dataclass
class Refused:
    """How often a rule was broken, and one row that did.

    Attributes:
      rule: the rule.
      rows: number of rows.
      file: the example's file.
      row: its row in the file, from 0.
      value: its value, as text.
    """

    rule: Rule
    rows: int
    file: str
    row: int
    value: str

    def __str__(self) -> str:
        return (
            f"{self.rule.name}: {self.rows:,} rows; for one, {self.file}, row {self.row}: "
            f"column '{self.rule.column}' is {self.value}; wanted {self.rule.wanted}"
        )


@dataclasses.dataclass
class Report:
    """What became of the rows.

    Attributes:
      read: rows read.
      rows: rows written, by split.
      sampled_away: rows left out by down-sampling.
      unknown: where a label is not known yet, of the rows that were not refused.
      refused: rows refused, by (rule's name, column).
      users: how often the users of the rows that were not refused come back; nothing where the
        schema has no user_id.
      lists: where lists of the rows that were not refused are longer than a model reads.
      error: what is wrong with a file, so that the shard was not written; else empty.
      no_room: the same of the disk.
    """

    read: int = 0
    rows: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    sampled_away: int = 0
    unknown: UnknownLabels = dataclasses.field(default_factory=UnknownLabels)
    refused: dict[tuple[str, str], Refused] = dataclasses.field(default_factory=dict)
    users: UserCounts = dataclasses.field(default_factory=UserCounts)
    lists: LongLists = dataclasses.field(default_factory=LongLists)
    error: str = ""
    no_room: str = ""

    @property
    def quarantined(self) -> int:
        """Number of rows refused."""
        return sum(refused.rows for refused in self.refused.values())

    def counts(self) -> dict[str, int]:
        """Returns where the rows are, by name; the sum is the number of rows in."""
        return {
            **self.rows,
            "quarantined": self.quarantined,
            "sampled_away": self.sampled_away,
        }

    def refuse(self, refused: Refused) -> None:
        """Adds refused rows; the example of the first file and row stays."""
        key = (refused.rule.name, refused.rule.column)
        known = self.refused.get(key)
        if known is None:
            self.refused[key] = dataclasses.replace(refused)
            return
        known.rows += refused.rows
        if (refused.file, refused.row) < (known.file, known.row):
            known.rule = refused.rule
            known.file, known.row, known.value = refused.file, refused.row, refused.value

    def add(self, other: Report) -> None:
        """Adds another shard's report."""
        self.read += other.read
        self.sampled_away += other.sampled_away
        self.unknown.add(other.unknown)
        for split, rows in other.rows.items():
            self.rows[split] += rows
        for refused in other.refused.values():
            self.refuse(refused)
        self.users.merge(other.users)
        self.lists.add(other.lists)
        self.error = self.error or other.error
        self.no_room = self.no_room or other.no_room

    def by_frequency(self) -> list[Refused]:
        """Returns the reasons, the most frequent first."""
        return sorted(self.refused.values(), key=lambda r: (-r.rows, r.rule.column, r.rule.name))

    def reasons(self) -> list[str]:
        """Returns the reasons in words, the most frequent first."""
        return [self._reason(refused) for refused in self.by_frequency()]

    def _reason(self, refused: Refused) -> str:
        rule = refused.rule
        if not rule.advice:
            return str(refused)
        if rule.name != MISSING:
            return f"{refused}. What to do: {rule.advice}"
        empty = f"{rule.column} is empty in {refused.rows:,} of {self.read:,} rows"
        return f"{refused}. {empty}: {rule.advice}"

    def to_json(self) -> str:
        """Writes the report as JSON."""
        return json.dumps({**dataclasses.asdict(self), "refused": self._refused_rows()})

    def _refused_rows(self) -> list[dict[str, object]]:
        return [dataclasses.asdict(refused) for refused in self.refused.values()]

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Reads what `to_json` wrote."""
        values = json.loads(text)
        words = {name: values[name] for name in ("error", "no_room")}
        unknown = UnknownLabels(**values["unknown"])
        report = cls(
            values["read"],
            values["rows"],
            values["sampled_away"],
            unknown,
            users=UserCounts.from_json(values["users"]),
            lists=LongLists(**values["lists"]),
            **words,
        )
        for refused in values["refused"]:
            report.refuse(Refused(**{**refused, "rule": Rule.from_json(refused["rule"])}))
        return report


def judge(report: Report, rows_in: int, max_quarantined_share: float) -> None:
    """Checks the whole run's report.

    Args:
      report: of all shards.
      rows_in: number of rows that the survey found.
      max_quarantined_share: largest share of refused rows.

    Raises:
      BadDataError: a file broke while it was read, too many rows were refused, or a split is
        empty.
      DiskFullError: there was no room for a shard.
      RuntimeError: rows were lost or written twice.
    """
    if report.error:
        raise BadDataError(report.error)
    if report.no_room:
        raise DiskFullError(report.no_room)
    rows_out = sum(report.counts().values())
    if not rows_in == report.read == rows_out:
        raise RuntimeError(
            f"rows don't add up: {rows_in} surveyed, {report.read} read, {rows_out} accounted for "
            f"({report.counts()})"
        )
    share = report.quarantined / rows_in
    if share > max_quarantined_share:
        reasons = "\n".join(f"  {reason}" for reason in report.reasons()[:_MOST_REASONS])
        raise BadDataError(
            f"{report.quarantined:,} of {rows_in:,} rows ({share:.2%}) break the contract; at most "
            f"{max_quarantined_share:.2%} may (max_quarantined_share). Most frequent:\n{reasons}\n"
            "Correct the log or the schema's tags, or allow a larger share"
        )
    empty = [split for split, rows in report.rows.items() if not rows]
    if empty:
        raise BadDataError(
            f"no row is left in split {' and '.join(empty)} (rows: {report.counts()}); take more "
            "spans or other fractions"
        )
