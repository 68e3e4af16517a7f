"""Finished trainings of claims as records in this repository, so that no one trains them again.

`records/CLAIM.jsonl` has a line a training: what the trial measured, what it was judged to be
worth, and no scores. It counts as long as the rows, the settings and the code that the model
trains with are the same (`models.trials.code`).
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import Any

import numpy as np

from benchmarks.proof.trainings.judged import Judged, Wanted
from common.json_files import plain_json
from common.names import EVAL
from common.source_imports import files_digest, imported_files
from components.bayes_check.judge import Comparison
from models.metrics.difference import Difference
from models.trials.records import Record, RecordFile, read_records, rounded

RECORDS = pathlib.Path(__file__).parents[1] / "records"
"""The folder of this repository's records."""

_EXPLAINED_DIGITS = 4


class ProofRecords:
    """The records of all claims, and the file of one to add to.

    Args:
      folder: of the files; None for no records at all.
      claim: names the file that is added to; None to add nothing.
    """

    def __init__(self, folder: pathlib.Path | None, claim: str | None = None) -> None:
        paths = sorted(folder.glob("*.jsonl")) if folder is not None else []
        self._known = read_records(paths)
        self._file = None if folder is None or claim is None else folder / f"{claim}.jsonl"

    def data_of(self, rows: str, scenario: int | None) -> set[str]:
        """Returns the fingerprints that rows have had, so that they need not be made again.

        There may be several: another version of TensorFlow rounds otherwise.

        Args:
          rows: `rows_digest` of the world's rows.
          scenario: the only one learned from; None for all.
        """
        return {
            one.more["data"]
            for one in self._known.values()
            if (one.more.get("rows"), one.more.get("scenario")) == (rows, scenario)
        }

    def find(self, one: Wanted, fingerprint: str) -> Judged | None:
        """Returns a training of that fingerprint if it was judged as it would be today."""
        record = self._known.get(fingerprint)
        if record is None or record.more.get("judge") != judge_code():
            return None
        return self._judged(one, record)

    def named(self, one: Wanted, log_rows: int) -> Judged | None:
        """Returns a training of the claim's file by its name, whatever settings and code it had.

        Args:
          one: the training.
          log_rows: impressions of the log before its eval day.
        """
        if self._file is None:
            return None
        name = _name(one, log_rows)
        record = next((x for x in RecordFile(self._file) if x.trial == name), None)
        return None if record is None else self._judged(one, record)

    def _judged(self, one: Wanted, record: Record) -> Judged:
        more = record.more
        aucs, bayes = (
            {name: np.array(values, np.float64) for name, values in more[key].items()}
            for key in ("aucs", "bayes")
        )
        leaks = tuple(
            Comparison(**{**leak, "difference": Difference(**leak["difference"])})
            for leak in more["leaks"]
        )
        calibration = float("nan") if more["calibration"] is None else more["calibration"]
        return Judged(one, record.result, aucs, bayes, calibration, more["explanation"], leaks)

    def add(self, judged: Judged, rows: str, data: str, log_rows: int) -> None:
        """Adds a training to the claim's file, if there is one.

        Args:
          judged: the training.
          rows: `rows_digest` of the world's rows.
          data: the fingerprint of the rows that were learned from.
          log_rows: impressions of the log before its eval day.
        """
        if self._file is None:
            return
        wanted = judged.wanted
        more = {
            "rows": rows,
            "scenario": wanted.scenario,
            "data": data,
            "judge": judge_code(),
            "aucs": _plain(judged.aucs),
            "bayes": _plain(judged.bayes),
            "calibration": rounded(plain_json(judged.calibration)),
            "leaks": [rounded(dataclasses.asdict(leak)) for leak in judged.leaks],
            "explanation": rounded(judged.explanation, _EXPLAINED_DIGITS),
        }
        # The noise-free AUCs stand for the balanced rows' own.
        metrics = {EVAL: judged.result.metrics[EVAL]}
        result = dataclasses.replace(judged.result, metrics=metrics)
        record = Record(_name(wanted, log_rows), result, more)
        RecordFile(self._file).add(record)
        self._known[result.fingerprint] = record

    def seconds_of(self, label: str, log_rows: int) -> float | None:
        """Returns the longest that a recorded training of a variant took; None if unknown."""
        found = [
            one.result.seconds
            for one in self._known.values()
            if one.trial[1:3] == (log_rows, label) and one.result.seconds is not None
        ]
        return max(found, default=None)


def _name(one: Wanted, log_rows: int) -> tuple[str | int, ...]:
    scenario = "all" if one.scenario is None else one.scenario
    return (one.world, log_rows, one.label, scenario, one.seed)


@functools.lru_cache(maxsize=1)
def judge_code() -> str:
    """Digests the source that noise-free AUCs are computed with; 8 hexadecimal digits."""
    judging = ("benchmarks.proof.trainings.soft_metrics", "data.synthetic.soft_auc")
    return files_digest(imported_files(judging[:1], lambda module: module.startswith(judging)))[:8]


def _plain(values: dict[str, np.ndarray]) -> Any:
    return rounded(plain_json(values))
