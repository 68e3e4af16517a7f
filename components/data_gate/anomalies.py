"""Anomalies of the statistics, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One limit of the contract that a split broke.

    Attributes:
      split: the split's name.
      feature: the feature's name, or None for an anomaly of the whole data set.
      short: what is wrong, in few words.
      long: what is wrong, with the values seen.
    """

    split: str
    feature: str | None
    short: str
    long: str

    def __str__(self) -> str:
        where = f"feature '{self.feature}'" if self.feature else "the whole data set"
        return f"split '{self.split}', {where}: {self.short}: {self.long}"


def anomalies_of(split: str, proto: Any) -> list[Anomaly]:
    """Lists what a tensorflow_metadata Anomalies proto holds, by feature name."""
    found = [
        # The key quotes what it takes for no plain name; the path's steps do not.
        Anomaly(split, (*info.path.step, key)[0], info.short_description, info.description)
        for key, info in sorted(proto.anomaly_info.items())
    ]
    if proto.HasField("dataset_anomaly_info"):
        info = proto.dataset_anomaly_info
        found.append(Anomaly(split, None, info.short_description, info.description))
    if proto.data_missing:
        found.append(Anomaly(split, None, "no data", "the statistics cover no row"))
    return found


def refusal(anomalies: list[Anomaly]) -> str:
    """The text of the error: each anomaly, and what to do about them."""
    count = len(anomalies)
    lines = [f"the log breaks its contract ({count} anomal{'y' if count == 1 else 'ies'}):"]
    lines += [f"  {anomaly}" for anomaly in anomalies[:_SHOWN]]
    if count > _SHOWN:
        lines.append(f"  and {count - _SHOWN} more")
    lines.append(
        "Correct the log, or, where the change is meant, change the feature's block in "
        "schema.pbtxt."
    )
    return "\n".join(lines)
