"""One training of a claim: where it may be finished already, and the job that runs it."""

from __future__ import annotations

import dataclasses
import functools
import pathlib

from benchmarks.proof.trainings.judged import Judged, Wanted, judge
from benchmarks.proof.trainings.records import ProofRecords
from benchmarks.proof.worlds.rows import (
    rows_digest,
    rows_of_one_scenario,
    rows_place,
    world_rows,
)
from cli.compare.workers import Job
from models.config import ModelConfig, TrainingConfig
from models.registry import parse_model_config
from models.trials.code import trial_code
from models.trials.data import TrialData
from models.trials.result import TrialResult, read_result
from models.trials.trial import trial_fingerprint


@dataclasses.dataclass(frozen=True)
class Worlds:
    """Where worlds' rows and trainings are.

    Attributes:
      folder: keeps rows and results.
      rows: impressions of a log before its eval day.
      code: stands for the models' code in fingerprints; None for its digest.
      records: of finished trainings.
    """

    folder: pathlib.Path
    rows: int
    code: str | None
    records: ProofRecords

    def training(self, one: Wanted) -> Training:
        """Returns a training; it makes no rows until something needs them."""
        return Training(self, one)

    def has_rows(self, one: Wanted) -> bool:
        """Whether a world's rows are made."""
        return rows_place(self.folder / "rows", one.world, one.seed, self.rows).is_dir()

    def place(self, one: Wanted) -> pathlib.Path:
        """Returns the folder of a world's rows, and makes them if they are not there."""
        return world_rows(self.folder / "rows", one.world, one.seed, self.rows)


@dataclasses.dataclass(frozen=True)
class Training:
    """One training that is wanted.

    Attributes:
      worlds: where its rows are.
      wanted: which.
    """

    worlds: Worlds
    wanted: Wanted

    @property
    def name(self) -> str:
        """What it is called in lines of progress, and its folder below `trials`."""
        return f"{self.wanted.world}/{self.wanted.label}/{self.wanted.seed}"

    def recorded(self) -> Judged | None:
        """Returns it from the records, None where it is not there; makes no rows."""
        known = self.worlds.records.data_of(self._rows_digest, self.wanted.scenario)
        found = (self.worlds.records.find(self.wanted, self._fingerprint(x)) for x in sorted(known))
        return next((one for one in found if one is not None), None)

    def finished(self) -> Judged | None:
        """Returns it from the records or its folder by its rows, which are made for that."""
        fingerprint = self._fingerprint(self._data)
        judged = self.worlds.records.find(self.wanted, fingerprint)
        if judged is not None:
            # Recorded of rows that other source has made alike.
            self._record(judged)
            return judged
        result = read_result(self._folder, fingerprint)
        return None if result is None else self.judged(result)

    def judged(self, result: TrialResult) -> Judged:
        """Judges it, and records it."""
        judged = judge(self.wanted, result, self._folder, self._place)
        self._record(judged)
        return judged

    def job(self) -> Job:
        """Returns what runs it in a process of its own."""
        one, code = self.wanted, self.worlds.code
        spec = {
            "data": str(self._learned),
            "model": self._model.model_dump(mode="json"),
            "training": self._training.model_dump(mode="json"),
            "folder": str(self._folder),
            "code": code or trial_code(self._model.name),
            # A process that starts after an edit would train with other code than is recorded.
            "source": trial_code(self._model.name) if code is None else None,
        }
        return Job(one.label, one.seed, self._folder, self._fingerprint(self._data), spec)

    def _record(self, judged: Judged) -> None:
        self.worlds.records.add(judged, self._rows_digest, self._data, self.worlds.rows)

    def _fingerprint(self, data: str) -> str:
        code = self.worlds.code or trial_code(self._model.name)
        return trial_fingerprint(data, self._model, self._training, code)

    @property
    def _folder(self) -> pathlib.Path:
        return self.worlds.folder / "trials" / self.name

    @functools.cached_property
    def _model(self) -> ModelConfig:
        return parse_model_config(self.wanted.model)

    @functools.cached_property
    def _training(self) -> TrainingConfig:
        return TrainingConfig(**{**self.wanted.training, "seed": self.wanted.seed})

    @functools.cached_property
    def _rows_digest(self) -> str:
        return rows_digest(self.wanted.world, self.wanted.seed, self.worlds.rows)

    @functools.cached_property
    def _place(self) -> pathlib.Path:
        return self.worlds.place(self.wanted)

    @functools.cached_property
    def _learned(self) -> pathlib.Path:
        if self.wanted.scenario is None:
            return self._place / "data"
        return rows_of_one_scenario(self._place, self.wanted.scenario)

    @functools.cached_property
    def _data(self) -> str:
        return TrialData.load(self._learned).fingerprint
