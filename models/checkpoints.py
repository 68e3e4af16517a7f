"""Checkpoints of a training that a kill at any instant leaves usable.

A checkpoint is a folder `step-<number>`. It is written under another name and renamed
when complete; only then is the one before it removed. So at every instant there is a
complete one, or none because none was finished yet.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

_UNFINISHED = ".unfinished"


@dataclasses.dataclass
class TrainingState:
    """Where a training stands, beside the variables.

    Attributes:
      epoch: number of the epoch that runs or is next, from 0.
      step: batches of that epoch already taken.
      loss_sums: sums over those batches of what a step reports.
      history: one record a finished epoch.
      best_epoch: the epoch with the best monitor, or None before the first.
      best_weights: the model's weights after that epoch.
    """

    epoch: int = 0
    step: int = 0
    loss_sums: dict[str, float] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)


def _random_generators(model: keras.Model) -> list[tf.random.Generator]:
    """The generators of dropout layers; Keras keeps them out of weights and checkpoints."""
    layers = [x for x in model.submodules if isinstance(x, keras.layers.Layer)]
    holders = [getattr(layer, "_random_generator", None) for layer in layers]
    found = [getattr(holder, "_generator", None) for holder in holders]
    return [generator for generator in found if generator is not None]


class Checkpoints:
    """The checkpoints of one training.

    Args:
      folder: the training's own folder, on a local or mounted file system.
      model: the compiled model; its optimizer's slots are saved with it.
    """

    def __init__(self, folder: str | pathlib.Path, model: keras.Model) -> None:
        self._folder = pathlib.Path(folder)
        model.optimizer.build(model.trainable_variables)
        self._tracked = tf.train.Checkpoint(model=model, generators=_random_generators(model))

    def save(self, state: TrainingState) -> None:
        """Saves variables and state, then removes the checkpoint before."""
        before = self._complete()
        number = int(before[-1].name.removeprefix("step-")) + 1 if before else 0
        final = self._folder / f"step-{number:09d}"
        unfinished = final.with_name(final.name + _UNFINISHED)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        self._tracked.write(str(unfinished / "variables"))
        np.savez(unfinished / "best.npz", *state.best_weights)
        plain = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
        del plain["best_weights"]
        (unfinished / "state.json").write_text(json.dumps(plain), encoding="utf-8")
        unfinished.rename(final)
        for old in before:
            shutil.rmtree(old)

    def restore(self) -> TrainingState | None:
        """Puts the variables back and returns the state, or None where there is no checkpoint."""
        complete = self._complete()
        if not complete:
            return None
        folder = complete[-1]
        self._tracked.read(str(folder / "variables")).assert_existing_objects_matched()
        plain: Mapping[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        with np.load(folder / "best.npz") as arrays:
            best = [arrays[f"arr_{index}"] for index in range(len(arrays.files))]
        return TrainingState(**plain, best_weights=best)

    def clear(self) -> None:
        """Removes all of this training's checkpoints."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _complete(self) -> list[pathlib.Path]:
        found = self._folder.glob("step-*")
        return sorted(path for path in found if not path.name.endswith(_UNFINISHED))
