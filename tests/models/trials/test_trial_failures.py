"""Trainings that have not had the whole budget, or whose scores are not finite, are no results."""

import dataclasses

import numpy as np
import pytest

from common.settings import SettingsError
from models.features.inputs import value_key
from models.schedule import Phase
from models.training.non_finite import DivergedError
from models.trials.judging import BadScoresError
from models.trials.result import read_result
from models.trials.trial import run_trial
from models.zoo.multi_task.shared_bottom import SharedBottom


def test_a_schedule_of_another_length_is_refused(data, model, tmp_path, monkeypatch, training):
    phases = (Phase("search", 2), Phase("retrain", 3))
    monkeypatch.setattr(SharedBottom, "phases", lambda self, training: phases)
    with pytest.raises(SettingsError, match=r"5 epochs \(search 2, retrain 3\).*max_epochs = 3"):
        run_trial(data, model, training, tmp_path)


@pytest.mark.e2e
def test_a_training_that_diverged_is_no_result(data, model, tmp_path, training):
    wild = training.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    with pytest.raises(DivergedError, match=r"diverged in epoch 1/3, step \d+/\d+ .*_loss is nan"):
        run_trial(data, model, wild, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None


@pytest.mark.e2e
def test_a_training_that_diverged_after_good_epochs_is_no_result(
    data, model, tmp_path, monkeypatch, training
):
    """It has not had the budget of the others."""

    def start_epoch(self, phase, epoch):
        if epoch == 1:
            variable = self.trainable_variables[-1]
            variable.assign(np.full(variable.shape, np.nan))

    monkeypatch.setattr(SharedBottom, "start_epoch", start_epoch)
    with pytest.raises(DivergedError, match="diverged in epoch 2/3, step 1/.* lower training"):
        run_trial(data, model, training, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None


@pytest.mark.e2e
def test_scores_that_are_not_finite_are_no_result(data, model, tmp_path, training):
    rows = data.eval
    floats = rows.floats.copy()
    floats[:7, rows.float_names.index(value_key("age"))] = np.inf
    spoilt = dataclasses.replace(
        data, eval=dataclasses.replace(rows, floats=floats), extra={}, groups={}
    )
    training = training.model_copy(update={"max_epochs": 1})
    with pytest.raises(BadScoresError, match="7 of 500 scores of 'click' on eval are not finite"):
        run_trial(spoilt, model, training, tmp_path / "trial")
    assert read_result(tmp_path / "trial") is None
