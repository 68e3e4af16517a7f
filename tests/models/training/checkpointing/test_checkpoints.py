"""Checkpoints: complete ones are found, others never."""

import os
import pathlib
import time
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from models.training.checkpointing.checkpoints import Checkpoints
from models.training.checkpointing.state import TrainingState


@pytest.fixture(autouse=True)
def saved_dropout() -> Iterator[None]:
    keras.backend.experimental.enable_tf_random_generator()
    yield
    keras.backend.experimental.disable_tf_random_generator()


def model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    built = keras.Sequential(
        [keras.layers.Dense(3, input_shape=(2,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    # Eagerly: tracing Keras's own step would take most of these tests' time.
    built.compile(keras.optimizers.Adam(0.1), "mse", run_eagerly=True)
    built.optimizer.build(built.trainable_variables)
    return built


DATA = (np.arange(16, dtype=np.float32).reshape(8, 2) / 8, np.ones((8, 1), np.float32))


def steps(trained: keras.Model, count: int) -> None:
    for _ in range(count):
        trained.train_on_batch(*DATA)


@pytest.mark.e2e
def test_variables_slots_dropout_and_state_come_back(tmp_path: pathlib.Path) -> None:
    whole, stopped, resumed = model(1), model(1), model(2)
    steps(whole, 6)
    steps(stopped, 4)
    state = TrainingState(
        phase=1,
        phase_start=1,
        epoch=2,
        step=4,
        loss_sums={"loss": 0.5},
        history=[{"epoch": 0}],
        best_epoch=0,
        best_weights=stopped.get_weights(),
        snapshot=[np.arange(3.0)],
    )
    Checkpoints(tmp_path, "run", stopped).save(state)
    found = Checkpoints(tmp_path, "run", resumed).restore()
    assert found is not None
    for saved, restored in zip(stopped.get_weights(), found.best_weights, strict=True):
        np.testing.assert_array_equal(saved, restored)
    np.testing.assert_array_equal(found.snapshot[0], [0.0, 1.0, 2.0])
    assert (found.phase, found.phase_start) == (1, 1)
    assert (found.epoch, found.step, found.loss_sums) == (2, 4, {"loss": 0.5})
    assert (found.history, found.best_epoch) == ([{"epoch": 0}], 0)
    steps(resumed, 2)
    for expected, weights in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(expected, weights)


def test_no_checkpoint_is_a_fresh_start(tmp_path: pathlib.Path) -> None:
    assert Checkpoints(tmp_path, "run", model(1)).restore() is None


def test_only_the_latest_is_kept(tmp_path: pathlib.Path) -> None:
    checkpoints = Checkpoints(tmp_path, "run", model(1))
    for step in (1, 2, 3):
        checkpoints.save(TrainingState(step=step))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["step-000000002"]
    found = checkpoints.restore()
    assert found is not None and found.step == 3


@pytest.mark.parametrize("killed_in", ["savez", "replace"])
def test_a_kill_while_writing_leaves_the_one_before(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    checkpoints = Checkpoints(tmp_path, "run", model(1))
    checkpoints.save(TrainingState(step=1))

    def killed(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np if killed_in == "savez" else pathlib.Path, killed_in, killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(TrainingState(step=2))
    monkeypatch.undo()
    assert len(list((tmp_path / "run").iterdir())) == 2
    found = checkpoints.restore()
    assert found is not None and found.step == 1
    checkpoints.save(TrainingState(step=3))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["step-000000002"]


def test_a_kill_before_the_removal_leaves_the_newer(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path, "run", model(1))
    checkpoints.save(TrainingState(step=1))

    def killed(path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tf.io.gfile, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(TrainingState(step=2))
    monkeypatch.undo()
    found = checkpoints.restore()
    assert found is not None and found.step == 2
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tf.io.gfile, "rmtree", killed)
        checkpoints.clear()
    assert checkpoints.restore() is not None  # The newer one is still whole.


def test_a_remote_folder_holds_them_too() -> None:
    root, trained = "ram://checkpoints", model(1)
    for step in (1, 2):
        Checkpoints(root, "run", trained).save(TrainingState(step=step))
    found = Checkpoints(root, "run", model(2)).restore()
    assert found is not None and found.step == 2
    Checkpoints(root, "run", trained).clear()
    assert Checkpoints(root, "run", trained).restore() is None


def test_another_fingerprint_is_a_fresh_start(tmp_path: pathlib.Path) -> None:
    Checkpoints(tmp_path, "one", model(1)).save(TrainingState(step=1))
    assert Checkpoints(tmp_path, "other", model(1)).restore() is None


def test_a_finished_training_clears_those_that_were_given_up(tmp_path: pathlib.Path) -> None:
    for name in ("given_up", "running"):
        Checkpoints(tmp_path, name, model(1)).save(TrainingState())
    (state,) = (tmp_path / "given_up").glob("*/state.json")
    eight_days_ago = time.time() - 8 * 86_400
    os.utime(state, (eight_days_ago, eight_days_ago))
    Checkpoints(tmp_path, "finished", model(1)).clear()
    assert [path.name for path in tmp_path.iterdir()] == ["running"]


def test_a_checkpoint_of_another_model_is_refused(tmp_path: pathlib.Path) -> None:
    Checkpoints(tmp_path, "run", model(1)).save(TrainingState())
    other = keras.Sequential([keras.layers.Dense(2, input_shape=(5,))])
    other.compile(keras.optimizers.Adam(), "mse")
    with pytest.raises((ValueError, AssertionError, tf.errors.OpError)):
        Checkpoints(tmp_path, "run", other).restore()


def test_a_finished_training_leaves_nothing(tmp_path: pathlib.Path) -> None:
    checkpoints = Checkpoints(tmp_path, "run", model(1))
    checkpoints.save(TrainingState())
    checkpoints.clear()
    checkpoints.clear()
    assert list(tmp_path.iterdir()) == []
