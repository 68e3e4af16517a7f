"""Trainings of claims: recorded without scores, taken from the records, stopped by a budget."""

import json
import shutil

import numpy as np
import pytest

from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.trainings.budget import Budget
from benchmarks.proof.trainings.trials import Wanted, run_all, whole_worlds
from benchmarks.proof.worlds.rows import rows_digest
from data.synthetic.columns import TRUTH, contract
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, Field, InputLayout, target_key, weight_key
from models.metrics.cells import cell_metrics
from models.registry import parse_model_config
from models.trials.code import trial_code
from models.trials.data import TrialData
from models.trials.result import TrialResult, scores_path, write_scores
from models.trials.trial import trial_fingerprint

ROWS = 700
LAYOUT = InputLayout((Field("user", 5),), (), ("home", "cart"))
TASKS = contract().tasks
OUTPUTS = [output.name for output in TASKS.outputs]


def drawn(rows, seed):
    random = np.random.default_rng(seed)
    floats = {}
    for output in OUTPUTS:
        floats[target_key(output)] = (random.random(rows) < 0.4).astype(np.float32)
        floats[weight_key(output)] = np.ones(rows)
    names = tuple(sorted(floats))
    return InMemorySplit(
        (SCENARIO_KEY,),
        np.arange(rows, dtype=np.int32)[:, None] % 2,
        names,
        np.stack([floats[name] for name in names], axis=1).astype(np.float32),
    )


def make_world(folder, world, seed):
    """Rows where `world_rows` looks for those that it has made."""
    place = folder / "rows" / f"{world}-{seed}-{ROWS}-{rows_digest(world, seed, ROWS)[:8]}"
    splits = [drawn(60, 10 * seed + i) for i in range(3)]
    data = TrialData(LAYOUT, TASKS, *splits, extra={"balanced": drawn(80, seed)})
    data.save(place / "data")
    random = np.random.default_rng(seed)
    for name, rows in (("balanced", 80), ("eval", 60)):
        truth = {column: random.uniform(0.1, 0.9, rows) for column in TRUTH}
        np.savez(place / f"truth-{name}.npz", **truth)
    return data


def finish(folder, data, one):
    """What a training leaves behind: a result and scores."""
    random = np.random.default_rng(one.seed)
    trial = folder / "trials" / one.world / one.label / str(one.seed)
    trial.mkdir(parents=True)
    for judged, rows in data.judged.items():
        scores = {output: random.random(len(rows)).astype(np.float32) for output in OUTPUTS}
        write_scores(scores_path(trial, judged), scores)
        if judged == "eval":
            metrics = cell_metrics(rows, scores, OUTPUTS, LAYOUT.scenarios)
    model = parse_model_config(one.model)
    training = TrainingConfig(**{**one.training, "seed": one.seed})
    fingerprint = trial_fingerprint(data.fingerprint, model, training, trial_code(model.name))
    result = TrialResult(
        model=model.name,
        seed=one.seed,
        fingerprint=fingerprint,
        parameters=9,
        network_parameters=4,
        seconds=12.5,
        examples=240,
        epochs=4,
        best_epoch=1,
        monitor=0.123456789,
        latency_ms=1.0,
        prepared={"kept": [True]},
        metrics={"eval": metrics, "balanced": metrics},
    )
    result.write(trial)
    explained = {"gates": {"axes": [], "values": 0.123456}}
    (trial / "explain.json").write_text(json.dumps(explained))


def wanted(label, seed):
    return Wanted(label, "default", seed, MODELS[label], TRAINING)


@pytest.fixture
def work(tmp_path):
    """Two worlds; both models have finished in the first, one in the second."""
    ones = [wanted(label, seed) for seed in (11, 12) for label in ("mmoe", "esmm")]
    data = {seed: make_world(tmp_path / "work", "default", seed) for seed in (11, 12)}
    for one in ones[:3]:
        finish(tmp_path / "work", data[one.seed], one)
    return tmp_path, ones


def run(work, ones, **options):
    return run_all(ones, work / "work", ROWS, 1, records=work / "records", **options)


def test_finished_trainings_are_recorded_and_need_neither_rows_nor_scores(work, capsys):
    folder, ones = work
    before = run(folder, ones[:2], claim="default_mix")
    assert [path.name for path in (folder / "records").iterdir()] == ["default_mix.jsonl"]
    shutil.rmtree(folder / "work")
    after = run(folder, ones[:2])
    assert not (folder / "work").exists()
    assert "2 of 2 trainings are from" in capsys.readouterr().out
    for old, new in zip(before, after, strict=True):
        assert new.wanted == old.wanted
        assert (new.folder, new.leaks) == (None, ())
        for quantity in old.aucs:
            np.testing.assert_allclose(new.aucs[quantity], old.aucs[quantity], rtol=1e-6)
            np.testing.assert_allclose(new.regret(quantity), old.regret(quantity), atol=1e-6)
        assert new.calibration == pytest.approx(old.calibration, rel=1e-6)
        assert old.explanation["gates"]["values"] == 0.123456
        assert new.explanation["gates"]["values"] == 0.1235
        assert new.result.prepared == {"kept": [True]}
        assert new.result.monitor == 0.1234568
        assert set(new.result.metrics) == {"eval"}
        cell = new.result.metrics["eval"]["click"]["home"]
        assert cell == pytest.approx(old.result.metrics["eval"]["click"]["home"], nan_ok=True)


def test_records_are_sorted_lines_of_one_training_each(work):
    folder, ones = work
    run(folder, ones[:3][::-1], claim="default_mix")
    lines = (folder / "records" / "default_mix.jsonl").read_text().splitlines()
    trials = [json.loads(line)["trial"] for line in lines]
    assert trials == [
        ["default", ROWS, "esmm", "all", 11],
        ["default", ROWS, "mmoe", "all", 11],
        ["default", ROWS, "mmoe", "all", 12],
    ]
    assert max(map(len, lines)) < 4000


@pytest.mark.parametrize("changed", ["model", "training", "judge", "ignore"])
def test_a_record_of_something_else_does_not_count(work, changed, capsys):
    folder, ones = work
    run(folder, ones[:1], claim="default_mix")
    one, records = ones[0], folder / "records"
    if changed == "model":
        one = Wanted("mmoe", "default", 11, {**one.model, "experts": 7}, TRAINING)
    elif changed == "training":
        one = Wanted("mmoe", "default", 11, one.model, {**TRAINING, "max_epochs": 9})
    elif changed == "judge":
        path = records / "default_mix.jsonl"
        line = json.loads(path.read_text())
        line["more"]["judge"] = "00000000"
        path.write_text(json.dumps(line) + "\n")
    chosen = None if changed == "ignore" else records
    shutil.rmtree(folder / "work" / "trials")
    found = run_all([one], folder / "work", ROWS, 1, records=chosen, budget_minutes=0)
    assert found == []
    assert "out of time: 1 of 1 trainings were not started" in capsys.readouterr().out


def test_a_record_counts_by_its_name_where_any_code_does(work, capsys):
    folder, ones = work
    run(folder, ones[:3], claim="default_mix")
    run(folder, ones[2:3], claim="another", any_code=True)
    assert not (folder / "records" / "another.jsonl").exists()
    path = folder / "records" / "default_mix.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["result"]["fingerprint"], line["more"]["judge"] = "of another commit", "00000000"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    shutil.rmtree(folder / "work")
    before = path.read_bytes()
    assert run(folder, ones, claim="default_mix", budget_minutes=0) == []
    # The first that is missing does not end it: mmoe of the second world comes after esmm.
    mixed = [ones[0], ones[1], ones[3], ones[2]]
    found = run(folder, mixed, claim="default_mix", any_code=True)
    assert [one.wanted for one in found] == [ones[0], ones[1], ones[2]]
    assert [one.result.seed for one in found] == [11, 11, 12]
    assert "1 of 4 trainings are not recorded" in capsys.readouterr().out
    assert path.read_bytes() == before and not (folder / "work").exists()


def test_rows_that_other_source_has_made_alike_keep_their_records(work):
    folder, ones = work
    run(folder, ones[:1], claim="default_mix")
    path = folder / "records" / "default_mix.jsonl"
    line = json.loads(path.read_text())
    now = line["more"]["rows"]
    line["more"]["rows"] = "of another commit"
    path.write_text(json.dumps(line) + "\n")
    shutil.rmtree(folder / "work" / "trials")
    (found,) = run(folder, ones[:1], claim="default_mix", budget_minutes=0)
    assert found.folder is None
    assert json.loads(path.read_text())["more"]["rows"] == now


def test_results_under_a_name_for_the_code_are_not_recorded(work):
    folder, ones = work
    assert run(folder, ones[:1], claim="default_mix", code="mine", budget_minutes=0) == []
    assert not (folder / "records").exists()


def test_without_time_nothing_is_started_and_whole_worlds_are_kept(work, capsys):
    folder, ones = work
    # The worlds' order is that in which they are named; the second lacks a training.
    mixed = [ones[0], ones[2], ones[1], ones[3]]
    found = run(folder, mixed, budget_minutes=0)
    assert [one.wanted for one in found] == [ones[0], ones[2], ones[1]]
    said = capsys.readouterr().out
    assert (
        "out of time: 1 of 4 trainings were not started, the first default, seed 12, esmm" in said
    )
    kept = whole_worlds(found, mixed)
    assert [one.wanted for one in kept] == [ones[0], ones[1]]
    assert "not all models have been trained there: default, seed 12" in capsys.readouterr().out


def test_a_budget_expects_the_longest_training_so_far():
    now = [0.0]
    budget = Budget(10, {"ple": 500.0}.get, clock=lambda: now[0])
    # Nothing is known of mmoe, and 500 of 600 seconds are enough for ple.
    assert budget.has_time_for("mmoe") and budget.has_time_for("ple")
    budget.took("mmoe", 120)
    budget.took("mmoe", 90)
    now[0] = 480
    assert budget.has_time_for("mmoe") and not budget.has_time_for("ple")
    # One that is not known may take as long as any.
    assert budget.has_time_for("esmm")
    now[0] = 481
    assert not budget.has_time_for("mmoe") and not budget.has_time_for("esmm")
    assert Budget(None, clock=lambda: now[0]).has_time_for("ple")


def test_a_budget_says_how_long_the_rest_should_take():
    budget = Budget(None, {"ple": 500.0}.get)
    assert budget.left(["mmoe", "esmm"], 2) == "2 left"
    budget.took("mmoe", 120)
    # 500 + 120 + 120 seconds by two processes.
    assert budget.left(["ple", "mmoe", "esmm"], 2) == "3 left, about 7 min"
    assert budget.left([], 2) == "0 left"
