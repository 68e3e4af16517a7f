"""Real logs: one size, one budget, and whole seeds only."""

import argparse
import math
import time
from typing import ClassVar

import pytest

from benchmarks.proof.models.settings import COMPARED
from benchmarks.proof.verdict.real_logs import (
    LOGS,
    WITHOUT,
    train,
    variants,
    whole_seeds,
)
from benchmarks.proof.verdict.real_tables import VALUES, page
from cli.compare.workers import Job
from common.names import EVAL, OVERALL
from models.config import ModelConfig
from models.registry import parse_model_config
from models.trials.result import TrialResult
from pipeline.config_files import load_config
from pipeline.presets import preset_path


def result_of(seed, click, order, fingerprint=""):
    cells = {
        "click": {OVERALL: {"auc": click, "gauc": click - 0.1, "logloss": 0.5}},
        "order": {OVERALL: {"auc": order, "gauc": math.nan, "logloss": 0.3}},
    }
    return TrialResult(
        "mmoe", seed, fingerprint, 10, 7_000, 1.0, 1, 1, 0, 0.5, 1.0, {}, {EVAL: cells}
    )


def test_all_models_take_what_the_preset_has_for_all():
    shared = {"embedding_l2": 0.01, "kernel_l2": 0.003, "dropout": 0.4}
    found = variants(shared, rate=0.0005)
    assert list(found) == [*COMPARED, WITHOUT]
    for label, values in found.items():
        config = parse_model_config(values)
        assert (config.embedding_l2, config.kernel_l2, config.dropout) == (0.01, 0.003, 0.4)
        assert config.histories == ("none" if label == WITHOUT else "din")
    assert found["autoifs"]["gate_learning_rate"] == pytest.approx(5e-6)
    assert parse_model_config(found["mmoe, task"]).gates == "task"
    # Sizes of the reference are the architecture's defaults, as the preset leaves them.
    assert "bottom_units" not in found["shared_bottom"]


def test_a_model_that_attends_to_histories_itself_takes_their_mean_beside():
    found = variants({}, 0.001, ("shared_bottom", "dffm", "taml"))
    histories = {label: parse_model_config(values).histories for label, values in found.items()}
    assert histories == {"shared_bottom": "din", "dffm": "mean", "taml": "din", WITHOUT: "none"}


@pytest.mark.parametrize("name", LOGS)
def test_a_logs_settings_are_those_of_its_preset_but_for_what_is_changed(name):
    config = load_config(preset_path(name), LOGS[name])
    plain = load_config(preset_path(name))
    assert config.model == plain.model
    assert config.data.adapter_options["history"]["length"] in (20, 50)
    changed = {"max_epochs", "learning_rate"}
    assert config.training.model_dump(exclude=changed) == plain.training.model_dump(exclude=changed)
    least = max(parse_model_config(values).least_epochs for values in variants({}, 0.001).values())
    assert least <= config.training.max_epochs
    assert set(ModelConfig.model_fields) >= set(config.model.model_dump(exclude_unset=True)) - {
        "bottom_units"
    }


def test_a_seed_counts_where_all_variants_have_it():
    found = {("a", 0): result_of(0, 0.7, 0.6), ("b", 0): result_of(0, 0.8, 0.5)}
    found["a", 1] = result_of(1, 0.9, 0.9)
    kept = whole_seeds(found, ["a", "b"])
    assert [(one.wanted.label, one.wanted.seed) for one in kept] == [("a", 0), ("b", 0)]


class OnDisk:
    """A log of two variants whose trainings are finished, or not, below a folder."""

    name = "log"
    models: ClassVar = {"a": None, "b": None}

    def __init__(self, out, code="code"):
        self._out, self._code = out, code

    def job(self, label, seed):
        folder = self._out / label / str(seed)
        return Job(label, seed, folder, f"{label}-{seed}-{self._code}", {})

    def finish(self, label, seed):
        job = self.job(label, seed)
        job.folder.mkdir(parents=True)
        result_of(seed, 0.7, 0.6, job.fingerprint).write(job.folder)


def given(records):
    return argparse.Namespace(budget_minutes=0.0, started=time.monotonic(), jobs=1, records=records)


def test_finished_trainings_are_recorded_and_then_need_no_folder(tmp_path, capsys):
    log, records = OnDisk(tmp_path / "out"), tmp_path / "records"
    for label, seed in (("a", 0), ("b", 0), ("a", 1)):
        log.finish(label, seed)
    wanted = [("a", 0), ("b", 0)]

    def of(log, how):
        found = train(log, 2, given(how), records)
        return [(one.wanted.label, one.wanted.seed) for one in found]

    assert of(log, "use") == wanted
    assert not records.exists()
    # Of seed 1 one variant is missing, and there is no time to train it.
    assert of(log, "add") == wanted
    lines = (records / "verdict_log.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert "log/b/0 finished before" in capsys.readouterr().out
    elsewhere = OnDisk(tmp_path / "nothing")
    assert of(elsewhere, "use") == wanted
    assert "log/b/0 recorded" in capsys.readouterr().out
    assert of(elsewhere, "ignore") == []
    changed = OnDisk(tmp_path / "nothing", "other code")
    assert of(changed, "use") == []
    assert of(changed, "any") == wanted


def test_a_page_has_means_and_paired_differences():
    aucs = {"mmoe, task": [0.70, 0.72], "csii": [0.71, 0.74]}
    found = {
        (label, seed): result_of(seed, click, click + 0.1)
        for label, clicks in aucs.items()
        for seed, click in enumerate(clicks)
    }
    finished = whole_seeds(found, list(aucs))
    first = finished[0]
    values = {name: value(first) for name, value in VALUES.items()}
    # Outputs without a GAUC have no part in its mean.
    assert values == pytest.approx(
        {
            "click AUC": 0.7,
            "its GAUC": 0.6,
            "mean AUC": 0.75,
            "mean GAUC": 0.6,
            "mean log loss": 0.4,
        }
    )
    written = page(finished)
    assert "| mmoe, task | 0.7100 ± 0.1271 |" in written
    assert "| against mmoe, task | click AUC |" in written
    assert "| csii | +0.0150 ± 0.0635 (p 0.205) |" in written
    assert "7,000" in written
