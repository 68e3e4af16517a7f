"""The compared models on KuaiRand and MovieLens with histories, equally large, in one budget.

Regularisation and batches are those of the presets, chosen for Shared-Bottom; nothing is tuned
for any other model, and nothing for histories. All networks have as many parameters as the
preset's Shared-Bottom has on the same columns. Seeds vary the training only.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.proof.models.settings import CHOSEN, COMPARED, SIZES
from benchmarks.proof.models.sizes import fitted, make_ranker, network_parameters
from benchmarks.proof.trainings.budget import Budget
from benchmarks.proof.trainings.records import RECORDS
from cli.common.console import console_on
from cli.common.progress import Progress
from cli.common.terminal import quiet_terminal
from cli.common.work_folder import make_run_directory, only_run_in
from cli.compare.features import prepare_features
from cli.compare.workers import Job, Outcome, cores, run_unfinished
from models.config import ModelConfig
from models.registry import parse_model_config
from models.trials.code import trial_code
from models.trials.data import TrialData
from models.trials.records import Record, RecordFile
from models.trials.result import TrialResult, read_result
from models.trials.trial import trial_fingerprint, whole_budget
from pipeline.config import PipelineConfig
from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.presets import preset_path

REFERENCE = "shared_bottom"
WITHOUT = f"{REFERENCE}, no histories"

_HISTORIES = {"dffm": "mean"}
"""DFFM attends to histories itself: its fields take the mean beside it."""

LOGS: dict[str, tuple[str, ...]] = {
    "kuairand": (
        "data.adapter_options.history={events: [click], length: 50}",
        # The lists hold what came before a row, and LeakAlarm takes the last of them for more.
        "leaks.exempt=[history_video_id]",
        "training.learning_rate=0.0005",
        "training.max_epochs=10",
    ),
    "movielens": (
        "data.adapter_options.history={events: [click, like], length: 20}",
        "training.max_epochs=6",
    ),
}
"""Preset -> what is changed in it."""


@dataclasses.dataclass(frozen=True)
class Seed:
    """One training of a variant.

    Attributes:
      label: the variant's name in tables.
      seed: of the training.
    """

    label: str
    seed: int


@dataclasses.dataclass(frozen=True)
class Finished:
    """A training on a real log.

    Attributes:
      wanted: which.
      result: what it measured on the log's last days.
    """

    wanted: Seed
    result: TrialResult


def variants(
    shared: Mapping[str, Any], rate: float, labels: Sequence[str] = COMPARED
) -> dict[str, dict[str, Any]]:
    """Returns label -> values of the model's config, before they are fitted to one size.

    Args:
      shared: of the preset's model, what all architectures have.
      rate: the training's learning rate.
      labels: the models; the reference among them.
    """
    found = {}
    for label in labels:
        pooled = {k: v for k, v in CHOSEN[label].items() if k == "deviation_l2"}
        histories = _HISTORIES.get(label, "din")
        found[label] = {**shared, **SIZES[label], **pooled, "histories": histories}
        if "gate_learning_rate" in SIZES[label]:
            found[label]["gate_learning_rate"] = rate / 100
    # The preset's own: it is what the others' sizes are fitted to.
    found[REFERENCE] = {**shared, "name": REFERENCE, "histories": "din"}
    found[WITHOUT] = {**found[REFERENCE], "histories": "none"}
    return found


def equally_large(
    config: PipelineConfig, data: TrialData, labels: Sequence[str]
) -> dict[str, ModelConfig]:
    """Returns label -> the model, its network as large as the preset's Shared-Bottom."""
    shared = {
        key: value
        for key, value in config.model.model_dump(mode="json", exclude_unset=True).items()
        if key in ModelConfig.model_fields and key != "name"
    }

    def count(model: dict[str, Any]) -> int:
        return network_parameters(make_ranker(model, data.layout, data.tasks))

    models = variants(shared, config.training.learning_rate, labels)
    size = count(models[REFERENCE])
    return {
        label: parse_model_config(
            model if model["name"] == REFERENCE else fitted(model, size, count)
        )
        for label, model in models.items()
    }


class RealLog:
    """A log's rows and models.

    Args:
      name: of `LOGS`.
      data: the folder of its files; None where the adapter downloads it.
      out: keeps features, trials and tables below a folder of the log's name.
      labels: the models.
    """

    def __init__(
        self,
        name: str,
        data: str | None,
        out: pathlib.Path,
        labels: Sequence[str] = COMPARED,
    ) -> None:
        self.name = name
        self._out = (out / name).resolve()
        self.config = load_config(preset_path(name), LOGS[name], data_path=data)
        self._features = self._prepare()
        self.rows = TrialData.load(self._features)
        self.models = equally_large(self.config, self.rows, labels)

    def job(self, label: str, seed: int) -> Job:
        """Returns what trains a variant."""
        model = self.models[label]
        training = whole_budget(self.config.training).model_copy(update={"seed": seed})
        folder = self._out / "trials" / label / f"seed-{seed}"
        code = trial_code(model.name)
        spec = {
            "data": str(self._features),
            "model": model.model_dump(mode="json"),
            "training": training.model_dump(mode="json"),
            "folder": str(folder),
            "code": code,
            "source": code,
        }
        fingerprint = trial_fingerprint(self.rows.fingerprint, model, training, code)
        return Job(label, seed, folder, fingerprint, spec)

    def _prepare(self) -> pathlib.Path:
        locations = Locations(str(self._out / "work"), self.config.name)
        with only_run_in(locations.work_dir, "--out"):
            directory = make_run_directory(locations.runs_dir)
            with (
                quiet_terminal(directory / "run.log", people_read_stderr=False) as terminal,
                Progress(console_on(terminal)) as progress,
            ):
                return prepare_features(self.config, locations, directory, progress)


def train(
    log: RealLog, seeds: int, given: argparse.Namespace, folder: pathlib.Path = RECORDS
) -> list[Finished]:
    """Trains the variants of a log that are neither recorded nor finished, seed by seed.

    Args:
      log: the log.
      seeds: how many.
      given: the values of the verdict's options.
      folder: of the records.

    Returns:
      The trainings of the seeds that all variants have.
    """
    records = RecordFile(folder / f"verdict_{log.name}.jsonl")
    minutes = given.budget_minutes
    if minutes is not None:
        minutes -= (time.monotonic() - given.started) / 60
    budget = Budget(minutes, lambda label: _longest(records, label))
    found: dict[tuple[str, int], TrialResult] = {}

    def end(job: Job, result: TrialResult, how: str) -> None:
        found[job.model, job.seed] = result
        if given.records == "add" and records.find(result.fingerprint) is None:
            records.add(Record((log.name, job.model, job.seed), result))
        left = [
            label for seed in range(seeds) for label in log.models if (label, seed) not in found
        ]
        said = budget.left(left, given.jobs or cores())
        print(f"{log.name}/{job.model}/{job.seed} {how}  {said}", flush=True)

    def waiting() -> Iterator[Job]:
        for seed in range(seeds):
            for label in log.models:
                job = log.job(label, seed)
                record = None if given.records == "ignore" else records.find(job.fingerprint)
                if given.records == "any":
                    name = (log.name, label, seed)
                    record = next((one for one in records if one.trial == name), None)
                done = record.result if record else read_result(job.folder, job.fingerprint)
                if done is not None:
                    end(job, done, "recorded" if record else "finished before")
                elif given.records == "any":
                    continue
                elif not budget.has_time_for(label):
                    return
                else:
                    print(f"{log.name}/{label}/{seed} starts", flush=True)
                    yield job

    failed: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        budget.took(outcome.job.model, outcome.seconds)
        if outcome.result is None:
            failed.append(outcome)
            print(f"{log.name}/{outcome.job.model} failed: {outcome.error}", flush=True)
        else:
            end(outcome.job, outcome.result, f"{outcome.seconds:.0f} s")

    run_unfinished(waiting(), given.jobs or cores(), report)
    if failed:
        raise RuntimeError(f"{len(failed)} trainings failed, see {failed[0].job.log_path}")
    return whole_seeds(found, list(log.models))


def whole_seeds(found: Mapping[tuple[str, int], TrialResult], labels: list[str]) -> list[Finished]:
    """Keeps the seeds that all labels have.

    Args:
      found: (label, seed) -> result.
      labels: in the order of the tables.
    """
    seeds = sorted({seed for _, seed in found})
    whole = [seed for seed in seeds if all((label, seed) in found for label in labels)]
    return [Finished(Seed(label, seed), found[label, seed]) for label in labels for seed in whole]


def _longest(records: RecordFile, label: str) -> float | None:
    seconds = [one.result.seconds for one in records if one.trial[1] == label]
    return max((x for x in seconds if x is not None), default=None)
