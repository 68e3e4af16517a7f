"""Trials on made rows: shared data, one budget, results that are kept."""

import dataclasses
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from small_training import LAYOUT, MODEL, TASKS, made_held_rows

import models.trials.trial
from common.errors import BadDataError, PolyrankError
from common.settings import SettingsError
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY, index_key, target_key, value_key, weight_key
from models.metrics.binary import weighted_auc
from models.metrics.cells import cell_metrics
from models.metrics.gauc import grouped_auc
from models.registry import parse_model_config
from models.schedule import Phase
from models.training.non_finite import DivergedError
from models.trials.data import TrialData, learning_fingerprint
from models.trials.judging import BadScoresError
from models.trials.result import TrialResult, read_result, read_scores, scores_path, write_scores
from models.trials.trial import run_trial, trial_fingerprint, whole_budget
from models.zoo.multi_task.shared_bottom import SharedBottom

TRAINING = TrainingConfig(batch_size=64, max_epochs=3, patience=1, learning_rate=0.01)


@pytest.fixture(scope="module")
def data():
    judged = made_held_rows(500, seed=3)
    users = judged.column(index_key("user")).astype(np.int32)
    more = {"more": made_held_rows(90, seed=4)}
    train, validation = made_held_rows(650, seed=1), made_held_rows(300, seed=2)
    return TrialData(LAYOUT, TASKS, train, validation, judged, {"eval": users}, more)


@pytest.fixture(scope="module")
def model():
    return parse_model_config(MODEL)


def test_saved_data_are_mapped_back_as_they_were(data, tmp_path):
    data.save(tmp_path / "data")
    loaded = TrialData.load(tmp_path / "data")
    assert (loaded.layout, loaded.tasks) == (data.layout, data.tasks)
    assert isinstance(loaded.train.floats, np.memmap)
    for name in ("train", "validation", "eval"):
        saved, read = getattr(data, name), getattr(loaded, name)
        np.testing.assert_array_equal(read.integers, saved.integers)
        np.testing.assert_array_equal(read.floats, saved.floats)
        assert read.float_names == saved.float_names
    assert loaded.fingerprint == data.fingerprint
    # The digest of what was read, not the one that was written down.
    assert dataclasses.replace(loaded).fingerprint == data.fingerprint
    assert not list(tmp_path.rglob("*.unfinished"))


def test_the_fingerprint_sees_every_row(data):
    floats = data.eval.floats.copy()
    floats[-1, -1] += 1
    changed = dataclasses.replace(data, eval=dataclasses.replace(data.eval, floats=floats))
    assert changed.fingerprint != data.fingerprint
    groups = dataclasses.replace(data, groups={})
    assert groups.fingerprint not in (data.fingerprint, changed.fingerprint)


def test_a_model_may_learn_from_some_scenarios_and_is_judged_on_all(data):
    found = data.learning_from(["cart"])
    assert set(found.train.column(SCENARIO_KEY)) == {1}
    assert set(found.validation.column(SCENARIO_KEY)) == {1}
    ids = data.train.column(index_key("user"))[data.train.column(SCENARIO_KEY) == 1]
    np.testing.assert_array_equal(found.train.column(index_key("user")), ids)
    assert found.eval is data.eval and found.layout == data.layout
    assert found.base_rates["click"] == pytest.approx(
        data.train.column(target_key("click"))[data.train.column(SCENARIO_KEY) == 1].mean()
    )


def test_the_fingerprint_of_some_scenarios_is_known_without_their_rows(data):
    cart, home = data.learning_from(["cart"]), data.learning_from(["home"])
    assert cart.fingerprint == learning_fingerprint(data.fingerprint, ["cart"])
    assert len({cart.fingerprint, home.fingerprint, data.fingerprint}) == 3


def test_scenarios_that_can_not_be_learned_from_are_refused(data):
    with pytest.raises(ValueError, match="not among home, cart"):
        data.learning_from(["card"])
    with pytest.raises(ValueError, match="one at least"):
        data.learning_from([])
    home = data.train.at(np.flatnonzero(data.train.column(SCENARIO_KEY) == 0))
    with pytest.raises(BadDataError, match="no train row is of scenario cart"):
        dataclasses.replace(data, train=home).learning_from(["cart"])


def test_extra_rows_may_not_be_called_like_a_split(data):
    with pytest.raises(ValueError, match="named train; name them otherwise"):
        dataclasses.replace(data, extra={"train": data.eval})


def test_metrics_of_a_cell_are_those_of_its_rows(data):
    random = np.random.default_rng(0)
    outputs = ("click", "buy_given_click")
    scores = {name: random.random(500).astype(np.float32) for name in outputs}
    found = cell_metrics(data.eval, scores, outputs, LAYOUT.scenarios, data.groups["eval"])
    cart = data.eval.column(SCENARIO_KEY) == 1
    inside = cart & (data.eval.column(weight_key("buy_given_click")) > 0)
    targets = data.eval.column(target_key("buy_given_click"))[inside]
    weights, predicted = np.ones(inside.sum()), scores["buy_given_click"][inside]
    cell = found["buy_given_click"]["cart"]
    assert cell["auc"] == weighted_auc(targets, predicted, weights)
    within = grouped_auc(targets, predicted, weights, data.groups["eval"][inside])
    assert (cell["gauc"], cell["users"]) == within
    assert (cell["positives"], cell["negatives"]) == (targets.sum(), (1 - targets).sum())
    assert set(found["click"]) == {"*", "home", "cart"}


def test_a_score_that_is_not_finite_undoes_its_cells_only(data):
    scores = {"click": np.full(500, 0.5, np.float32)}
    row = np.flatnonzero(data.eval.column(SCENARIO_KEY) == 1)[0]
    scores["click"][row] = np.nan
    found = cell_metrics(data.eval, scores, ["click"], LAYOUT.scenarios)["click"]
    assert math.isnan(found["*"]["logloss"]) and math.isnan(found["cart"]["auc"])
    assert found["home"]["auc"] == 0.5 and math.isnan(found["home"]["gauc"])


def test_a_fingerprint_changes_with_what_changes_a_result(model):
    first = trial_fingerprint("data", model, TRAINING, "code")
    wider = model.model_copy(update={"embedding_dim": 5})
    seeded = TRAINING.model_copy(update={"seed": 1})
    others = {
        trial_fingerprint("other", model, TRAINING, "code"),
        trial_fingerprint("data", wider, TRAINING, "code"),
        trial_fingerprint("data", model, seeded, "code"),
        trial_fingerprint("data", model, TRAINING, "other"),
    }
    assert len(others | {first}) == 5
    same = TRAINING.model_copy(update={"patience": 2, "checkpoint_seconds": 5})
    assert trial_fingerprint("data", model, same, "code") == first


def test_a_schedule_of_another_length_is_refused(data, model, tmp_path, monkeypatch):
    phases = (Phase("search", 2), Phase("retrain", 3))
    monkeypatch.setattr(SharedBottom, "phases", lambda self, training: phases)
    with pytest.raises(SettingsError, match=r"5 epochs \(search 2, retrain 3\).*max_epochs = 3"):
        run_trial(data, model, TRAINING, tmp_path)


@pytest.mark.e2e
def test_a_trial_is_trained_once(data, model, tmp_path, monkeypatch):
    found = run_trial(data, model, TRAINING, tmp_path, code="code")

    history = json.loads((tmp_path / "history.json").read_text())
    assert found.epochs == len(history["epochs"]) == 3  # whatever the patience says
    assert found.examples == 3 * 640
    best = min(range(3), key=lambda epoch: history["epochs"][epoch]["monitor"])
    assert found.best_epoch == best and found.monitor == history["epochs"][best]["monitor"]
    assert found.seconds is not None and found.latency_ms > 0
    # Tables 50 x 4 and 30 x 4, wide weights (50 + 30) x 2, 1 x 2 and biases 2: outside of the
    # network, which is 9 -> 8 -> 2.
    assert found.network_parameters == 9 * 8 + 8 + 8 * 2 + 2
    assert found.parameters == found.network_parameters + 320 + 160 + 2 + 2
    scores = read_scores(tmp_path)
    targets = data.eval.column(target_key("click"))
    expected = weighted_auc(targets, scores["click"], np.ones(500))
    assert found.metrics["eval"]["click"]["*"]["auc"] == expected
    assert len(read_scores(tmp_path, "more")["click"]) == 90
    assert set(found.metrics) == {"eval", "more"}

    def refuse(*arguments):
        raise AssertionError("trained again")

    monkeypatch.setattr(models.trials.trial, "TrainingLoop", refuse)
    again = run_trial(data, model, TRAINING, tmp_path, code="code")
    # NaN is not equal to itself: compare what is written.
    assert repr(again) == repr(found)
    assert repr(read_result(tmp_path)) == repr(found)
    with pytest.raises(AssertionError, match="trained again"):
        run_trial(data, model, TRAINING, tmp_path, code="other code")
    assert read_result(tmp_path) is None


@pytest.mark.e2e
def test_a_trial_is_judged_by_its_calibrated_scores(data, model, tmp_path):
    plain, changed = (TRAINING.model_copy(update={"calibration": x}) for x in ("none", "platt"))
    assert trial_fingerprint("", model, plain, "") != trial_fingerprint("", model, changed, "")
    before = run_trial(data, model, plain, tmp_path / "none", code="code")
    after = run_trial(data, model, changed, tmp_path / "platt", code="code")
    assert after.monitor == before.monitor and after.parameters == before.parameters
    fit = json.loads((tmp_path / "platt" / "history.json").read_text())["calibration"]
    assert "calibration" not in json.loads((tmp_path / "none" / "history.json").read_text())
    scores, learned = read_scores(tmp_path / "platt"), read_scores(tmp_path / "none")
    scenario = data.eval.column(SCENARIO_KEY)
    for k, name in enumerate(LAYOUT.scenarios):
        line, rows = fit["outputs"]["click"][name], scenario == k
        p = learned["click"][rows].astype(float)
        expected = 1 / (1 + np.exp(-line["offset"]) * ((1 - p) / p) ** line["slope"])
        np.testing.assert_allclose(scores["click"][rows], expected, atol=1e-6)
        cells = [result.metrics["eval"]["click"][name] for result in (before, after)]
        assert cells[0]["auc"] == pytest.approx(cells[1]["auc"], abs=1e-5)
        assert cells[0]["logloss"] != cells[1]["logloss"]


def test_scores_of_outputs_with_any_names_are_read_back(tmp_path):
    scores = {
        name: np.array([0.25, 0.5], np.float32) for name in ("file", "gr\u00f6\u00dfe", "a.b")
    }
    write_scores(scores_path(tmp_path), scores)
    found = read_scores(tmp_path)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [0.25, 0.5] for name in scores
    }


def test_a_result_without_a_format_has_its_overall_cell_under_another_name(tmp_path):
    cell = dict.fromkeys(("auc", "gauc", "logloss"), 0.5)
    values = dict.fromkeys((field.name for field in dataclasses.fields(TrialResult)), 1)
    found = TrialResult(**{**values, "metrics": {"eval": {"click": {"*": cell, "all": cell}}}})
    found.write(tmp_path)
    assert read_result(tmp_path) == found
    document = json.loads((tmp_path / "result.json").read_text())
    assert document.pop("format") == 2
    document["metrics"]["eval"]["click"] = {"all": cell, "home": cell}
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert list(read_result(tmp_path).metrics["eval"]["click"]) == ["*", "home"]


def test_a_result_of_a_later_format_is_refused(tmp_path):
    later = {"format": 3, "fingerprint": "a", "rows": 7}
    (tmp_path / "result.json").write_text(json.dumps(later))
    with pytest.raises(PolyrankError) as error:
        read_result(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'result.json'} is of format 3, and this version of Polyrank reads 1 to 2: "
        "use the version that wrote it, or another work folder"
    )
    assert read_result(tmp_path, "b") is None


def test_a_trial_depends_on_packages_in_its_digest_alone():
    """Else a change of the source would leave results of before in use."""
    code = (
        "import sys, models.trials.trial, models.trials.loading\n"
        "own = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(own & {'cli', 'common', 'components', 'data', 'models', 'pipeline',"
        " 'schemas', 'serving'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "['common', 'models', 'schemas']"


@pytest.mark.e2e
@pytest.mark.parametrize("by_scenario", [True, False])
def test_a_scenario_column_of_one_value_has_its_cell(data, model, tmp_path, by_scenario):
    layout = dataclasses.replace(LAYOUT, scenarios=LAYOUT.scenarios[:1])
    single = dataclasses.replace(data, layout=layout, extra={}, by_scenario=by_scenario)
    training = TRAINING.model_copy(update={"max_epochs": 1})
    single.save(tmp_path / "data")
    loaded = TrialData.load(tmp_path / "data")
    found = run_trial(loaded, model, training, tmp_path / "trial", code="code")
    cells = ["*", LAYOUT.scenarios[0]] if by_scenario else ["*"]
    assert {output: list(x) for output, x in found.metrics["eval"].items()} == dict.fromkeys(
        found.metrics["eval"], cells
    )


@pytest.mark.e2e
def test_a_stopped_trial_goes_on_to_the_same_result(data, model, tmp_path, monkeypatch):
    whole = run_trial(data, model, TRAINING, tmp_path / "whole", code="code")
    real = models.trials.trial.TrainingLoop

    class Stopped(real):
        def _close_epoch(self, *arguments):
            super()._close_epoch(*arguments)
            if self._state.epoch == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(models.trials.trial, "TrainingLoop", Stopped)
    with pytest.raises(KeyboardInterrupt):
        run_trial(data, model, TRAINING, tmp_path / "stopped", code="code")
    assert read_result(tmp_path / "stopped") is None
    monkeypatch.setattr(models.trials.trial, "TrainingLoop", real)
    resumed = run_trial(data, model, TRAINING, tmp_path / "stopped", code="code")
    assert resumed.seconds is None
    for name, values in read_scores(tmp_path / "whole").items():
        np.testing.assert_allclose(read_scores(tmp_path / "stopped")[name], values, atol=1e-6)
    assert resumed.monitor == pytest.approx(whole.monitor, abs=1e-6)
    assert not any((tmp_path / "stopped" / "checkpoints").iterdir())


def test_whole_budget_leaves_nothing_to_stop_early():
    training = whole_budget(TRAINING)
    assert (training.patience, training.max_epochs, training.devices) == (3, 3, "one")


@pytest.mark.e2e
def test_what_a_later_phase_freezes_is_counted(data, tmp_path):
    widths = {"bottom_units": [8, 4], "scenario_units": [3], "selection_units": [5]}
    config = {"name": "autoifs", "embedding_dim": 4, "search_epochs": 1, "wide": False, **widths}
    result = run_trial(data, parse_model_config(config), TRAINING, tmp_path / "trial")
    inputs = 2 * 4 + 1
    bottom = (inputs * 8 + 8) + (8 * 4 + 4)
    selection = (inputs * 5 + 5) + (5 * 8 + 8)
    scenario = (4 * 3 + 3) + 2 * (4 * 2 + 2 * 3 + 3)
    task = (3 + 1) + 2 * (3 * 2 + 2 + 1)
    assert result.network_parameters == bottom + selection + scenario + task
    assert result.parameters - result.network_parameters == (50 + 30) * 4 + 2


@pytest.mark.e2e
def test_a_training_that_diverged_is_no_result(data, model, tmp_path):
    wild = TRAINING.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    with pytest.raises(DivergedError, match=r"diverged in epoch 1/3, step \d+/\d+ .*_loss is nan"):
        run_trial(data, model, wild, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None


@pytest.mark.e2e
def test_a_training_that_diverged_after_good_epochs_is_no_result(
    data, model, tmp_path, monkeypatch
):
    """It has not had the budget of the others."""

    def start_epoch(self, phase, epoch):
        if epoch == 1:
            variable = self.trainable_variables[-1]
            variable.assign(np.full(variable.shape, np.nan))

    monkeypatch.setattr(SharedBottom, "start_epoch", start_epoch)
    with pytest.raises(DivergedError, match="diverged in epoch 2/3, step 1/.* lower training"):
        run_trial(data, model, TRAINING, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None


@pytest.mark.e2e
def test_scores_that_are_not_finite_are_no_result(data, model, tmp_path):
    rows = data.eval
    floats = rows.floats.copy()
    floats[:7, rows.float_names.index(value_key("age"))] = np.inf
    spoilt = dataclasses.replace(
        data, eval=dataclasses.replace(rows, floats=floats), extra={}, groups={}
    )
    training = TRAINING.model_copy(update={"max_epochs": 1})
    with pytest.raises(BadScoresError, match="7 of 500 scores of 'click' on eval are not finite"):
        run_trial(spoilt, model, training, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None
