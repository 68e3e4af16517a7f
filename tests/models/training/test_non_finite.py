"""Losses, weights and scores that are not finite, injected where they arise."""

import json
import logging
import math
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from diverging import FOUR_EPOCHS, check_good_end
from progress_lines import progress
from small_training import made_loop, stopped_after

from common.errors import PolyrankError
from models.features.inputs import value_key
from models.training.distribution import Devices
from models.training.loop import TrainingLoop
from models.training.non_finite import Met, agreed_on, in_losses, in_scores


def with_huge_number(loop: TrainingLoop, epoch: int, row: int) -> None:
    """Has one row of an epoch of 640 rows hold a number that overflows."""
    rows, real = loop._steps._rows, loop._steps._rows.epoch

    def batches(batch_size: int, seed: int, number: int, first_step: int = 0) -> tf.data.Dataset:
        if number != epoch:
            return real(batch_size, seed, number, first_step)
        column = rows.float_names.index(value_key("age"))
        floats = rows.floats.copy()
        order = np.random.default_rng([seed, number]).permutation(len(rows))
        floats[order[row], column] = np.inf
        changed = type(rows)(rows.integer_names, rows.integers, rows.float_names, floats)
        return type(rows).epoch(changed, batch_size, seed, number, first_step)

    class Rows(type(rows)):
        epoch = staticmethod(batches)

    loop._steps._rows = Rows(rows.integer_names, rows.integers, rows.float_names, rows.floats)


@pytest.mark.e2e
def test_a_loss_that_is_not_finite_ends_the_training_with_the_last_good_weights(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    ranker, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    # Row 200 of the order is in the fourth batch of 64.
    with_huge_number(loop, epoch=2, row=200)
    with caplog.at_level(logging.INFO, "polyrank.progress"):
        history = loop.run()
    what = "click_loss is nan, buy_given_click_loss is nan"
    assert history["non_finite"] == {"phase": "train", "epoch": 2, "step": 4, "what": what}
    assert [record["epoch"] for record in history["epochs"]] == [0, 1]
    check_good_end(ranker, loop, history, best=1)
    assert json.loads(json.dumps(history, allow_nan=False)) == history
    lines = [record.getMessage() for record in progress(caplog)]
    assert lines[-1] == (
        f"the training has diverged in epoch 3/4, step 4/10 of phase 'train': {what}; it ends with "
        "the weights of epoch 2"
    )
    assert progress(caplog)[-1].levelno == logging.WARNING
    assert not any("nan" in line for line in lines[:-1])


@pytest.mark.e2e
def test_without_good_weights_it_says_what_to_do(tmp_path: pathlib.Path) -> None:
    _, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    with_huge_number(loop, epoch=0, row=0)
    with pytest.raises(PolyrankError) as raised:
        loop.run()
    assert str(raised.value) == (
        "the training has diverged in epoch 1/4, step 1/10 of phase 'train': click_loss is nan, "
        "buy_given_click_loss is nan; no earlier epoch of this phase has left weights to go back "
        "to. Lower training.learning_rate (this phase has 0.01), or look for extreme values in the "
        "numeric columns (age)"
    )


@pytest.mark.e2e
def test_a_learning_rate_that_is_far_too_large(tmp_path: pathlib.Path) -> None:
    _, loop = made_loop(
        tmp_path / "run", {**FOUR_EPOCHS, "learning_rate": 1e30, "optimizer": "sgd"}
    )
    with pytest.raises(PolyrankError, match=r"in epoch 1/4.* Lower .* \(this phase has 1e\+30\)"):
        loop.run()


@pytest.mark.e2e
def test_validation_scores_that_are_not_finite(tmp_path: pathlib.Path) -> None:
    ranker, loop = made_loop(tmp_path / "run", {"max_epochs": 1})
    validation = loop._validation
    validation.floats[:3, validation.float_names.index(value_key("age"))] = np.inf
    with pytest.raises(PolyrankError) as raised:
        loop.run()
    assert (
        "after epoch 1/1 of phase 'train': 3 of 300 validation scores of 'click' are not finite, "
        "3 of 300 validation scores of 'buy_given_click' are not finite, "
        "3 of 300 validation scores of 'click_and_buy' are not finite; "
    ) in str(raised.value)


@pytest.mark.e2e
def test_a_training_that_ended_so_and_was_killed_then_ends_so_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    with_huge_number(loop, epoch=2, row=200)
    # After both epochs, and when it has ended.
    stopped_after(loop._checkpoints, 3)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    ranker, loop = made_loop(tmp_path / "run", FOUR_EPOCHS)
    monkeypatch.setattr(loop._steps, "run", pytest.fail)
    history = loop.run()
    assert (history["non_finite"]["epoch"], history["non_finite"]["step"]) == (2, 4)
    check_good_end(ranker, loop, history, best=1)


@pytest.mark.e2e
def test_a_scaled_gradient_that_overflows_is_no_divergence(tmp_path: pathlib.Path) -> None:
    """With float16 the first loss scale, 32,768 at least, is too large: steps are skipped."""
    ranker, loop = made_loop(
        tmp_path / "run", {"max_epochs": 2, "precision": "mixed_float16", "loss_weights": {}}
    )
    ranker.optimizer.inner_optimizer  # noqa: B018 - there is one: losses are scaled.
    ranker.optimizer._loss_scale._current_loss_scale.assign(2.0**60)
    history = loop.run()
    assert history["non_finite"] is None and len(history["epochs"]) == 2
    # Halved once for every step that was skipped.
    assert float(ranker.optimizer.loss_scale) < 2.0**60


class _Other(Devices):
    """One of two workers, of which the other has met something."""

    def agreed(self, value: float) -> float:
        return (value + 1) / 2


def test_all_workers_end_where_one_must() -> None:
    other, alone = _Other(tf.distribute.get_strategy(), 2), Devices(tf.distribute.get_strategy())
    mine = Met(3, "click_loss is nan")
    assert agreed_on(mine, other) == mine
    assert agreed_on(None, other) == Met(None, "another worker has met numbers that are not finite")
    assert agreed_on(None, other, 100).step == 100
    assert agreed_on(None, alone) is None
    assert agreed_on(mine, alone) == mine


def test_the_total_is_named_where_nothing_else_is() -> None:
    assert in_losses({"loss": 1.0, "click_loss": 1.0}) == ""
    assert in_losses({"loss": math.nan, "click_loss": 1.0}) == "loss is nan"
    assert in_losses({"loss": math.nan, "penalty": math.inf, "b": 1.0}) == "penalty is inf"
    assert in_scores({"a": np.array([0.5, 1.0])}) == ""
