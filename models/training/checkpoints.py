"""Checkpoints of a training that a kill at any instant leaves usable.

A checkpoint is a folder `step-<number>`; the file `state.json` is its last and appears as
a whole, so that it says the folder is complete. Only then is the one before it removed. So
at every instant there is a complete one, or none because none was finished yet. Folders
are never renamed, which no object store does at once.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from common.atomic_files import write_whole

_STATE = "state.json"
_ABANDONED_SECONDS = 7 * 86_400


@dataclasses.dataclass
class TrainingState:
    """Where a training stands, beside the variables.

    Attributes:
      phase: number of the phase that runs, from 0.
      phase_start: number of the epoch that the phase began with.
      epoch: number of the epoch that runs or is next, from 0, over all phases.
      step: batches of that epoch already taken.
      loss_sums: sums over those batches of what a step reports.
      history: one record a finished epoch.
      best_epoch: the epoch of the phase with the best monitor, or None before the first.
      best_weights: the model's weights after that epoch.
      snapshot: the weights that a later phase is rewound to; empty where none is.
    """

    phase: int = 0
    phase_start: int = 0
    epoch: int = 0
    step: int = 0
    loss_sums: dict[str, float] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)
    snapshot: list[np.ndarray] = dataclasses.field(default_factory=list)


_ARRAYS = ("best_weights", "snapshot")


def _random_generators(model: keras.Model) -> list[tf.random.Generator]:
    """The generators of dropout layers; Keras keeps them out of weights and checkpoints."""
    layers = [x for x in model.submodules if isinstance(x, keras.layers.Layer)]
    holders = [getattr(layer, "_random_generator", None) for layer in layers]
    found = [getattr(holder, "_generator", None) for holder in holders]
    return [generator for generator in found if generator is not None]


class Checkpoints:
    """The checkpoints of one training.

    Args:
      root: the folder of all trainings' checkpoints, local or remote.
      fingerprint: the training's own; a training only goes on from checkpoints under its own.
      model: the compiled model; its optimizer's slots are saved with it.
      scratch: where to save instead, for a worker that is not the one whose checkpoints count:
        averages over replicas can be saved by all workers together only.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        fingerprint: str,
        model: keras.Model,
        scratch: str | None = None,
    ) -> None:
        self._root = os.fspath(scratch or root).rstrip("/")
        self._folder = f"{self._root}/{fingerprint}"
        self._restored = f"{os.fspath(root).rstrip('/')}/{fingerprint}"
        self._tracked = tf.train.Checkpoint(model=model, generators=_random_generators(model))

    def save(self, state: TrainingState) -> None:
        """Saves variables and state, then removes the checkpoints before."""
        before = _names(self._folder)
        number = max((int(name.removeprefix("step-")) for name in before), default=-1) + 1
        folder = f"{self._folder}/step-{number:09d}"
        tf.io.gfile.makedirs(folder)
        self._tracked.write(f"{folder}/variables")
        plain = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
        for name in _ARRAYS:
            _write_arrays(f"{folder}/{name}.npz", plain.pop(name))
        # Not as null: an undefined monitor must be read back as one.
        write_whole(f"{folder}/{_STATE}", json.dumps(plain))
        for name in before:
            _remove(f"{self._folder}/{name}")

    def restore(self) -> TrainingState | None:
        """Puts the variables back and returns the state, or None where there is no checkpoint."""
        folders = (f"{self._restored}/{name}" for name in reversed(_names(self._restored)))
        folder = next((x for x in folders if tf.io.gfile.exists(f"{x}/{_STATE}")), None)
        if folder is None:
            return None
        self._tracked.read(f"{folder}/variables").assert_existing_objects_matched()
        with tf.io.gfile.GFile(f"{folder}/{_STATE}") as file:
            plain: Mapping[str, Any] = json.loads(file.read())
        arrays = {name: _read_arrays(f"{folder}/{name}.npz") for name in _ARRAYS}
        return TrainingState(**{**plain, **arrays})

    def clear(self) -> None:
        """Removes this training's checkpoints, and those that nobody has written to for a week.

        A training that was given up, or whose code or settings have changed, leaves
        checkpoints that no other one may go on from. One that still runs writes often.
        """
        for name in _names(self._folder):
            _remove(f"{self._folder}/{name}")
        if tf.io.gfile.exists(self._folder):
            tf.io.gfile.rmtree(self._folder)
        for fingerprint in _names(self._root):
            folder = f"{self._root}/{fingerprint}"
            states = tf.io.gfile.glob(f"{folder}/*/{_STATE}")
            written = max((tf.io.gfile.stat(x).mtime_nsec / 1e9 for x in states), default=None)
            if written is not None and time.time() - written > _ABANDONED_SECONDS:
                tf.io.gfile.rmtree(folder)


def _write_arrays(path: str, arrays: list[np.ndarray]) -> None:
    content = io.BytesIO()
    np.savez(content, *arrays)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content.getvalue())


def _read_arrays(path: str) -> list[np.ndarray]:
    with tf.io.gfile.GFile(path, "rb") as file:
        content = io.BytesIO(file.read())
    with np.load(content) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


def _remove(folder: str) -> None:
    """Removes a checkpoint; a kill in between leaves it incomplete, never complete and broken."""
    if tf.io.gfile.exists(f"{folder}/{_STATE}"):
        tf.io.gfile.remove(f"{folder}/{_STATE}")
    tf.io.gfile.rmtree(folder)


def _names(folder: str) -> list[str]:
    """What a folder holds, sorted; nothing where it does not exist."""
    if not tf.io.gfile.isdir(folder):
        return []
    # Object stores list folders with a slash at the end.
    return sorted(name.rstrip("/") for name in tf.io.gfile.listdir(folder))
