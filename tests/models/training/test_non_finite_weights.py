"""Weights that are not finite, spoiled at the start of an epoch."""

import math
import pathlib
from typing import Any

import pytest
import tensorflow as tf
from diverging import FOUR_EPOCHS, check_good_end
from small_training import made_loop

from models.zoo.multi_task.shared_bottom import SharedBottom


def epoch_hook(monkeypatch: pytest.MonkeyPatch, epoch: int, act: Any) -> None:
    """Has `act` called with the architecture at the start of an epoch."""

    def start_epoch(self: Any, phase: str, number: int) -> None:
        if number == epoch:
            act(self)

    monkeypatch.setattr(SharedBottom, "start_epoch", start_epoch)


def spoil(variable: tf.Variable) -> None:
    """Puts a NaN into a variable."""
    values = variable.numpy()
    values.flat[0] = math.nan
    variable.assign(values)


@pytest.mark.e2e
def test_a_tower_that_becomes_nan(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch_hook(monkeypatch, 1, lambda self: spoil(self._towers.trainable_variables[0]))
    ranker, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    history = loop.run()
    what = "click_loss is nan"
    assert history["non_finite"] == {"phase": "train", "epoch": 1, "step": 1, "what": what}
    check_good_end(ranker, loop, history, best=0)


@pytest.mark.e2e
def test_weights_that_a_relu_hides(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On CPUs the ReLU of NaN is 0: losses and scores are finite, gradients are not."""
    epoch_hook(monkeypatch, 1, lambda self: spoil(self._bottom.trainable_variables[0]))
    ranker, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    history = loop.run()
    assert history["non_finite"]["epoch"] == 1
    assert history["non_finite"]["what"].endswith(("are not finite", "is nan"))
    check_good_end(ranker, loop, history, best=0)


@pytest.mark.e2e
def test_a_weight_that_no_row_reads(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its NaN is in no loss and no score, and would be in the model that is exported."""
    ranker, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    for held in (loop._steps._rows, loop._validation):
        held.integers[held.integers == 7] = 8
    (users,) = [v for v in ranker.embeddings.trainable_variables if v.shape[0] == 50]
    epoch_hook(monkeypatch, 2, lambda _: users.scatter_nd_update([[7, 0]], [math.nan]))
    history = loop.run()
    what = f"1 of 200 weights of '{users.name}' are not finite"
    assert history["non_finite"] == {"phase": "train", "epoch": 2, "step": None, "what": what}
    check_good_end(ranker, loop, history, history["best_epoch"])
