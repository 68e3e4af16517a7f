"""The trainings of a study of transfer: what each learns from, and its fingerprint."""

import types

import numpy as np
import pytest

from cli.compare.compare_models import compare_models
from cli.compare.plan import make_comparison
from cli.compare.transfer.jobs import finished_trials, transfer_jobs
from cli.compare.transfer.variants import rows_of, variants
from cli.compare.workers import Outcome
from common.errors import PolyrankError
from common.settings import SettingsError
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY
from models.trials.data import learning_fingerprint
from pipeline.config_files import load_config
from pipeline.presets import preset_path

NAMES = ("home", "cart", "feed", "new")


def split(*counts):
    ids = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[:, None]
    return InMemorySplit((SCENARIO_KEY,), ids, (), np.zeros((len(ids), 0), np.float32))


def data(train, validation, by_scenario=True):
    layout = types.SimpleNamespace(scenarios=NAMES)
    return types.SimpleNamespace(
        layout=layout, train=split(*train), validation=split(*validation), by_scenario=by_scenario
    )


def test_every_scenario_is_left_out_and_stands_alone_where_it_has_rows():
    # Feed has no validation row, and new none at all but in eval.
    found = variants(data((5, 3, 2, 0), (2, 1, 0, 0)))
    assert [x.label for x in found] == [
        "joint",
        "without home",
        "without cart",
        "without feed",
        "alone home",
        "alone cart",
    ]
    assert found[0].learned == NAMES
    assert found[2].learned == ("home", "feed", "new")
    assert found[5].learned == ("cart",)
    assert len({x.folder for x in found}) == 6


def test_rows_are_counted_by_scenario():
    assert rows_of(split(5, 0, 2), NAMES) == {"home": 5, "cart": 0, "feed": 2, "new": 0}


@pytest.mark.parametrize(
    ("rows", "by_scenario", "said"),
    [
        ((5, 0, 0, 0), True, "two or more scenarios, and the log has home; name the column"),
        ((5, 3, 0, 0), False, "the log has no scenario column"),
    ],
)
def test_a_log_of_one_scenario_is_refused(rows, by_scenario, said):
    with pytest.raises(PolyrankError, match=said):
        variants(data(rows, rows, by_scenario))


def test_a_job_learns_from_its_scenarios(tmp_path):
    comparison = make_comparison(load_config(preset_path("synthetic")), ["mmoe"], [], 2)
    chosen = variants(data((5, 3, 0, 0), (2, 1, 0, 0)))
    jobs = transfer_jobs(comparison, chosen, tmp_path / "rows", "content", tmp_path)
    assert [(v.label, seed) for v, seed in jobs][:6] == [
        ("joint", 0),
        ("without home", 0),
        ("without cart", 0),
        ("alone home", 0),
        ("alone cart", 0),
        ("joint", 1),
    ]
    without = jobs[chosen[1], 1]
    assert without.spec["scenarios"] == ["cart", "feed", "new"]
    assert jobs[chosen[0], 0].spec["scenarios"] is None
    assert without.folder == tmp_path / "trials" / "mmoe" / "without-0" / "seed-1"
    assert len({job.fingerprint for job in jobs.values()}) == 10
    # Leaving home out or learning from cart alone is not the same for names without rows.
    assert learning_fingerprint("content", ["cart"]) != learning_fingerprint("content", NAMES[1:])


def test_results_are_grouped_by_what_was_learned_from(tmp_path):
    comparison = make_comparison(load_config(preset_path("synthetic")), ["mmoe"], [], 1)
    chosen = variants(data((5, 3, 0, 0), (2, 1, 0, 0)))
    jobs = transfer_jobs(comparison, chosen, tmp_path / "rows", "content", tmp_path)
    outcomes = [Outcome(job, index or None, 1.0) for index, job in enumerate(jobs.values())]
    found = finished_trials(jobs, outcomes)
    assert found == {variant: {0: index} for index, variant in enumerate(chosen) if index}


@pytest.mark.parametrize(
    ("models", "baseline", "said"),
    [
        (["mmoe", "ple"], None, "--transfer trains one model .*'mmoe,ple': name one"),
        (["mmoe"], "mmoe", "leave --baseline out"),
    ],
)
def test_transfer_takes_one_model_and_no_baseline(tmp_path, models, baseline, said):
    config = load_config(preset_path("synthetic"))
    with pytest.raises(SettingsError, match=said):
        compare_models(
            config, models, seeds=1, baseline=baseline, transfer=True, work_dir=tmp_path / "work"
        )
    assert not (tmp_path / "work").exists()
