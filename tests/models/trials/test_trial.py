"""Trials on made rows: one budget, and results that are kept."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from small_training import LAYOUT

import models.trials.trial
from models.features.inputs import SCENARIO_KEY, target_key
from models.metrics.binary import weighted_auc
from models.registry import parse_model_config
from models.trials.data import TrialData
from models.trials.result import read_result, read_scores
from models.trials.trial import run_trial, trial_fingerprint, whole_budget


def test_a_fingerprint_changes_with_what_changes_a_result(model, training):
    first = trial_fingerprint("data", model, training, "code")
    wider = model.model_copy(update={"embedding_dim": 5})
    seeded = training.model_copy(update={"seed": 1})
    others = {
        trial_fingerprint("other", model, training, "code"),
        trial_fingerprint("data", wider, training, "code"),
        trial_fingerprint("data", model, seeded, "code"),
        trial_fingerprint("data", model, training, "other"),
    }
    assert len(others | {first}) == 5
    same = training.model_copy(update={"patience": 2, "checkpoint_seconds": 5})
    assert trial_fingerprint("data", model, same, "code") == first


@pytest.fixture(scope="module")
def trained(data, model, training, tmp_path_factory):
    """A finished trial and its folder, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("trained")
    return run_trial(data, model, training, folder, code="code"), folder


@pytest.mark.e2e
def test_a_trial_is_trained_once(data, model, trained, tmp_path, monkeypatch, training):
    found, folder = trained
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)

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
    again = run_trial(data, model, training, tmp_path, code="code")
    # NaN is not equal to itself: compare what is written.
    assert repr(again) == repr(found)
    assert repr(read_result(tmp_path)) == repr(found)
    with pytest.raises(AssertionError, match="trained again"):
        run_trial(data, model, training, tmp_path, code="other code")
    assert read_result(tmp_path) is None


@pytest.mark.e2e
def test_a_trial_is_judged_by_its_calibrated_scores(data, model, trained, tmp_path, training):
    changed = training.model_copy(update={"calibration": "platt"})
    assert trial_fingerprint("", model, training, "") != trial_fingerprint("", model, changed, "")
    before, plain = trained
    after = run_trial(data, model, changed, tmp_path / "platt", code="code")
    assert after.monitor == before.monitor and after.parameters == before.parameters
    fit = json.loads((tmp_path / "platt" / "history.json").read_text())["calibration"]
    assert "calibration" not in json.loads((plain / "history.json").read_text())
    scores, learned = read_scores(tmp_path / "platt"), read_scores(plain)
    scenario = data.eval.column(SCENARIO_KEY)
    for k, name in enumerate(LAYOUT.scenarios):
        line, rows = fit["outputs"]["click"][name], scenario == k
        p = learned["click"][rows].astype(float)
        expected = 1 / (1 + np.exp(-line["offset"]) * ((1 - p) / p) ** line["slope"])
        np.testing.assert_allclose(scores["click"][rows], expected, atol=1e-6)
        cells = [result.metrics["eval"]["click"][name] for result in (before, after)]
        assert cells[0]["auc"] == pytest.approx(cells[1]["auc"], abs=1e-5)
        assert cells[0]["logloss"] != cells[1]["logloss"]


@pytest.mark.e2e
@pytest.mark.parametrize("by_scenario", [True, False])
def test_a_scenario_column_of_one_value_has_its_cell(data, model, tmp_path, by_scenario, training):
    layout = dataclasses.replace(LAYOUT, scenarios=LAYOUT.scenarios[:1])
    single = dataclasses.replace(data, layout=layout, extra={}, by_scenario=by_scenario)
    training = training.model_copy(update={"max_epochs": 1})
    single.save(tmp_path / "data")
    loaded = TrialData.load(tmp_path / "data")
    found = run_trial(loaded, model, training, tmp_path / "trial", code="code")
    cells = ["*", LAYOUT.scenarios[0]] if by_scenario else ["*"]
    assert {output: list(x) for output, x in found.metrics["eval"].items()} == dict.fromkeys(
        found.metrics["eval"], cells
    )


@pytest.mark.e2e
def test_a_stopped_trial_goes_on_to_the_same_result(
    data, model, trained, tmp_path, monkeypatch, training
):
    whole, whole_folder = trained
    real = models.trials.trial.TrainingLoop

    class Stopped(real):
        def _close_epoch(self, *arguments):
            super()._close_epoch(*arguments)
            if self._state.epoch == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(models.trials.trial, "TrainingLoop", Stopped)
    with pytest.raises(KeyboardInterrupt):
        run_trial(data, model, training, tmp_path / "stopped", code="code")
    assert read_result(tmp_path / "stopped") is None
    monkeypatch.setattr(models.trials.trial, "TrainingLoop", real)
    resumed = run_trial(data, model, training, tmp_path / "stopped", code="code")
    assert resumed.seconds is None
    for name, values in read_scores(whole_folder).items():
        np.testing.assert_allclose(read_scores(tmp_path / "stopped")[name], values, atol=1e-6)
    assert resumed.monitor == pytest.approx(whole.monitor, abs=1e-6)
    assert not any((tmp_path / "stopped" / "checkpoints").iterdir())


def test_whole_budget_leaves_nothing_to_stop_early(training):
    training = whole_budget(training)
    assert (training.patience, training.max_epochs, training.devices) == (3, 3, "one")


@pytest.mark.e2e
def test_what_a_later_phase_freezes_is_counted(data, tmp_path, training):
    widths = {"bottom_units": [8, 4], "scenario_units": [3], "selection_units": [5]}
    config = {"name": "autoifs", "embedding_dim": 4, "search_epochs": 1, "wide": False, **widths}
    result = run_trial(data, parse_model_config(config), training, tmp_path / "trial")
    inputs = 2 * 4 + 1
    bottom = (inputs * 8 + 8) + (8 * 4 + 4)
    selection = (inputs * 5 + 5) + (5 * 8 + 8)
    scenario = (4 * 3 + 3) + 2 * (4 * 2 + 2 * 3 + 3)
    task = (3 + 1) + 2 * (3 * 2 + 2 + 1)
    assert result.network_parameters == bottom + selection + scenario + task
    assert result.parameters - result.network_parameters == (50 + 30) * 4 + 2
