"""A schedule of two phases with a rewind, and variables with a rate of their own."""

import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_training import made_held_rows, stopped_after
from two_phases import TwoPhases, made

pytestmark = pytest.mark.e2e


def test_the_hooks_are_called_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    _, loop = made(monkeypatch, tmp_path)
    history = loop.run()
    assert TwoPhases.seen == [
        "search",
        ("search", 0),
        ("search", 1),
        "end of search",
        "retrain",
        ("retrain", 0),
        ("retrain", 1),
        "end of retrain",
    ]
    phases = [record["phase"] for record in history["epochs"]]
    assert phases == ["search", "search", "retrain", "retrain"]
    assert [record["epoch"] for record in history["epochs"]] == [0, 1, 2, 3]
    assert history["best_epoch"] in (2, 3)


def test_a_rewind_returns_to_the_snapshot_but_for_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    ranker, loop = made(monkeypatch, tmp_path)
    snapshots: list[dict[str, np.ndarray]] = []
    monkeypatch.setattr(
        TwoPhases,
        "start_epoch",
        lambda *_: snapshots.append({v.name: v.numpy() for v in ranker.weights}),
    )
    ended: list[dict[str, np.ndarray]] = []
    monkeypatch.setattr(
        TwoPhases,
        "finish_phase",
        lambda *_: ended.append({v.name: v.numpy() for v in ranker.weights}),
    )
    loop.run()
    _, at_snapshot, at_retrain, _ = snapshots
    for name, value in at_retrain.items():
        kept = "towers" in name
        np.testing.assert_array_equal(value, (ended[0] if kept else at_snapshot)[name])
        assert np.any(ended[0][name] != at_snapshot[name])
    assert float(ranker.optimizer.learning_rate.numpy()) == pytest.approx(0.005)


def test_rates_fall_from_epoch_to_epoch_of_a_phase(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    ranker, loop = made(monkeypatch, tmp_path, learning_rate_decay=0.5)
    rates: list[list[float]] = []

    def noted(_: TwoPhases) -> dict[str, Any]:
        optimizers = [ranker.optimizer, *ranker.group_optimizers]
        rates.append([float(optimizer.learning_rate.numpy()) for optimizer in optimizers])
        return {}

    monkeypatch.setattr(TwoPhases, "epoch_logs", noted)
    loop.run()
    # The retraining has a rate of its own, and begins with it.
    np.testing.assert_allclose(rates, [[0.01, 0.5], [0.005, 0.25], [0.005, 0.5], [0.0025, 0.25]])


def test_a_retraining_that_was_stopped_goes_on_at_its_own_rate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    _, loop = made(monkeypatch, tmp_path, learning_rate_decay=0.5)
    # After two epochs of search, its end, and one epoch of retraining.
    stopped_after(loop._checkpoints, 4)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    ranker, loop = made(monkeypatch, tmp_path, learning_rate_decay=0.5)
    history = loop.run()
    assert [record["phase"] for record in history["epochs"]] == [*["search"] * 2, *["retrain"] * 2]
    assert TwoPhases.seen == ["retrain", ("retrain", 1), "end of retrain"]
    assert float(ranker.optimizer.learning_rate.numpy()) == pytest.approx(0.0025)


def test_a_group_is_stepped_at_its_own_rate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    ranker, _ = made(monkeypatch, tmp_path)
    batch = next(iter(made_held_rows(64, 3).in_order(64)))
    gradients = ranker.training_step.gradients(batch, tf.constant(64.0)).gradients
    before = [v.numpy() for v in ranker.trainable_variables]
    ranker.train_step(batch)
    for v, gradient, old in zip(ranker.trainable_variables, gradients, before, strict=True):
        rate = 0.5 if "towers" in v.name else 0.01
        step = rate * tf.convert_to_tensor(gradient).numpy()
        np.testing.assert_allclose(v.numpy(), old - step, atol=1e-6)
