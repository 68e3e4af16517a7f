"""Small checkpoints, and how their files are damaged."""

import pathlib
from collections.abc import Callable

import numpy as np
import tf_keras as keras

from models.training.checkpointing.checkpoints import Checkpoints
from models.training.checkpointing.state import TrainingState

NEWEST = "step-000000001"
FILES = ("state.json", "best_weights.npz", "snapshot.npz", "variables.index")
DATA = "variables.data-00000-of-00001"


def model(value: float) -> keras.Model:
    built = keras.Sequential([keras.layers.Dense(3, input_shape=(2,))])
    built.compile(keras.optimizers.Adam(0.1), "mse")
    built.optimizer.build(built.trainable_variables)
    built.set_weights([np.full(w.shape, value, np.float32) for w in built.get_weights()])
    return built


def saved(folder: pathlib.Path, value: float, step: int) -> None:
    weights = [np.full(3, value, np.float32)]
    state = TrainingState(step=step, best_weights=weights, snapshot=weights)
    Checkpoints(folder, "run", model(value)).save(state)


def restored(folder: pathlib.Path) -> tuple[TrainingState | None, float]:
    """The state, and the weights that the model then has (0 without a checkpoint)."""
    made = model(0)
    state = Checkpoints(folder, "run", made).restore()
    (weights,) = {float(x) for w in made.get_weights() for x in w.ravel()}
    return state, weights


def cut(length: Callable[[int], int]) -> Callable[[pathlib.Path], None]:
    def change(file: pathlib.Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: length(len(content))])

    return change


def flip(place: Callable[[int], int]) -> Callable[[pathlib.Path], None]:
    def change(file: pathlib.Path) -> None:
        content = bytearray(file.read_bytes())
        content[place(len(content))] ^= 1
        file.write_bytes(content)

    return change
