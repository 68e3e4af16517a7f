"""Epochs, early stopping, resuming, and what a training reports."""

import dataclasses
import json
import logging
import os
import pathlib
import re
import signal
import time
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from preloaded import Preloaded, Program
from progress_lines import progress
from small_training import made_held_rows, made_loop, stopped_after

from common.errors import PolyrankError
from common.source_digest import ROOT
from models.training.distribution import Devices
from models.training.scoring import make_scorer
from models.training.validation import validation_metrics

pytestmark = pytest.mark.e2e

PROGRAM = pathlib.Path(__file__).parents[1] / "small_training.py"


def without_best(monkeypatch: pytest.MonkeyPatch, monitors: list[float]) -> None:
    """Has the validation of epoch n return monitors[n]."""
    given = iter(monitors)
    monkeypatch.setattr("models.training.monitor.Monitor.value", lambda *_: next(given))


def test_it_learns_and_keeps_the_best_epochs_weights(tmp_path: pathlib.Path) -> None:
    ranker, loop = made_loop(tmp_path / "run", {"max_epochs": 4, "patience": 4})
    history = loop.run()
    epochs = history["epochs"]
    assert [record["epoch"] for record in epochs] == [0, 1, 2, 3]
    monitors = [record["monitor"] for record in epochs]
    assert history["best_epoch"] == int(np.argmin(monitors))
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    assert epochs[history["best_epoch"]]["validation"]["click"]["auc"] > 0.6
    scores = make_scorer(ranker, made_held_rows(300, 2), 64)(made_held_rows(300, 2))
    metrics = validation_metrics(made_held_rows(300, 2), scores, scores)
    assert metrics == epochs[history["best_epoch"]]["validation"]


@pytest.mark.parametrize(
    ("monitor", "patience", "monitors", "epochs", "best"),
    [
        ("auc", 1, [0.6, 0.7, 0.7, 0.9], 3, 1),
        ("auc", 2, [0.6, 0.5, 0.5, 0.9], 3, 0),
        ("auc", 2, [0.6, 0.5, 0.7, 0.6, 0.5, 0.9], 5, 2),
        ("logloss", 1, [0.6, 0.5, 0.55, 0.1], 3, 1),
        ("auc", 1, [float("nan"), 0.4, 0.3, 0.9], 3, 1),
        ("auc", 3, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 6, 5),
        ("normalized_entropy", None, [0.9, 0.8, 0.85, 0.8, 0.1], 4, 1),
        ("normalized_entropy", None, [0.9, 0.8, 0.85, 0.7, 0.75, 0.6], 6, 5),
    ],
)
def test_early_stopping(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    monitor: str,
    patience: int | None,
    monitors: list[float],
    epochs: int,
    best: int,
) -> None:
    _, loop = made_loop(
        tmp_path / "run",
        {
            "max_epochs": 6,
            "monitor": monitor,
            "batch_size": 640,
            # None: the default, which is 2.
            **({} if patience is None else {"patience": patience}),
        },
    )
    without_best(monkeypatch, monitors)
    history = loop.run()
    assert (len(history["epochs"]), history["best_epoch"]) == (epochs, best)


TWO_EPOCHS = {"max_epochs": 2, "patience": 5, "learning_rate_decay": 0.5}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[np.ndarray], Any]:
    """The weights and the history of two epochs."""
    ranker, loop = made_loop(tmp_path_factory.mktemp("whole") / "run", TWO_EPOCHS)
    history = loop.run()
    return ranker.get_weights(), history


@pytest.mark.parametrize("saves", [3, 10, 14])
def test_a_stopped_training_ends_as_an_uninterrupted_one(
    tmp_path: pathlib.Path, uninterrupted: tuple[list[np.ndarray], Any], saves: int
) -> None:
    # Ten steps an epoch and a checkpoint after each: inside, at the end of, after an epoch.
    training = TWO_EPOCHS
    weights, expected = uninterrupted
    _, loop = made_loop(tmp_path / "run", training, checkpoint_seconds=0)
    stopped_after(loop._checkpoints, saves)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    resumed, loop = made_loop(tmp_path / "run", training)
    assert loop.run() == expected
    for one, other in zip(weights, resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_training_is_not_trained_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = {"max_epochs": 1, "batch_size": 640}
    trained, loop = made_loop(tmp_path / "run", training)
    expected = loop.run()
    again, loop = made_loop(tmp_path / "run", training)
    monkeypatch.setattr(loop._steps, "run", pytest.fail)
    assert loop.run() == expected
    for one, other in zip(trained.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@dataclasses.dataclass(frozen=True)
class OfTwo(Devices):
    """One of two workers, the other of which has found a checkpoint of step 10."""

    def agreed(self, value: float) -> float:
        return (value + 10) / 2


def test_workers_that_found_different_checkpoints_do_not_train(tmp_path: pathlib.Path) -> None:
    _, loop = made_loop(tmp_path / "run", TWO_EPOCHS)
    loop._devices = OfTwo(tf.distribute.get_strategy(), workers=2)
    with pytest.raises(PolyrankError, match="a checkpoint of step 0, .* all workers see"):
        loop.run()


MMOE = {"name": "mmoe", "experts": 2, "expert_units": [8], "tower_units": [], "embedding_dim": 4}


def test_progress_and_scalars(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    ranker, loop = made_loop(tmp_path / "run", TWO_EPOCHS, model=MMOE)
    with caplog.at_level(logging.INFO, "polyrank.progress"):
        history = loop.run()
    lines = [record.getMessage() for record in progress(caplog)]
    last = re.fullmatch(
        r"epoch 2/2  step 10/10  loss (\d\.\d{4})  [\d,]+ rows/s"
        r"  click AUC 0\.\d{4}  buy_given_click AUC 0\.\d{4}  mean normalized entropy (\d\.\d{4})",
        lines[-1],
    )
    assert last and float(last[1]) == pytest.approx(history["epochs"][1]["loss"], abs=1e-4)
    assert float(last[2]) == pytest.approx(history["epochs"][0]["monitor"], abs=1e-4)
    found: dict[str, float] = {}
    (events,) = (tmp_path / "run_log").glob("events*")
    for record in tf.data.TFRecordDataset(str(events)):
        for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value:
            found[value.tag] = float(tf.make_ndarray(value.tensor))
    assert found["validation/click/auc"] == pytest.approx(
        history["epochs"][1]["validation"]["click"]["auc"]
    )
    assert found["validation/monitor"] == pytest.approx(history["epochs"][1]["monitor"])
    home, cart = history["epochs"][1]["validation_by_scenario"]["click"]
    for group, name in ((home, "home"), (cart, "cart")):
        assert group["scenarios"] == [name]
        for metric in ("auc", "logloss", "normalized_entropy"):
            assert found[f"validation/click/{name}/{metric}"] == pytest.approx(group[metric])
    assert found["epoch/loss"] == pytest.approx(history["epochs"][1]["loss"])
    first, second = history["epochs"]
    assert sum(second["expert_load"].values()) == pytest.approx(1) != first["expert_load"]
    assert list(second["gate_entropy"]) == ["gates/click", "gates/buy_given_click"]
    for name, value in second["expert_load"].items():
        assert found[f"experts/load/{name}"] == pytest.approx(value)
    for name, value in second["gate_entropy"].items():
        assert found[f"experts/entropy/{name}"] == pytest.approx(value)
    # The weights are the best epoch's; its 300 validation rows are all looked at.
    held = next(iter(made_held_rows(300, seed=2).in_order(300)))
    weights = ranker.architecture.expert_gates(ranker.features(held))["gates"].weights.numpy()
    best = history["epochs"][history["best_epoch"]]
    assert best["expert_load"]["expert_0"] == pytest.approx(weights[..., 0].mean(), abs=1e-5)


def run_program(preloaded: Preloaded, folder: pathlib.Path, result: pathlib.Path) -> Program:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return preloaded.start(str(PROGRAM), [str(folder), str(result)], cwd=ROOT, env=environment)


@pytest.mark.e2e
def test_a_training_killed_in_the_middle_of_an_epoch_goes_on(
    preloaded: Preloaded, tmp_path: pathlib.Path
) -> None:
    assert run_program(preloaded, tmp_path / "whole", tmp_path / "whole.npz").wait() == 0
    process = run_program(preloaded, tmp_path / "run", tmp_path / "run.npz")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not process.has_ended():
        states = list((tmp_path / "run").glob("step-?????????/state.json"))
        try:
            if any(json.loads(state.read_text())["state"]["step"] for state in states):
                break
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "run.npz").exists()
    assert run_program(preloaded, tmp_path / "run", tmp_path / "run.npz").wait() == 0
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "run.npz") as resumed:
        assert sorted(whole.files) == sorted(resumed.files)
        for name in whole.files:
            np.testing.assert_allclose(whole[name], resumed[name], rtol=0, atol=1e-6)
