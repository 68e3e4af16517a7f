"""Checkpoints of a training that a kill at any instant leaves usable.

A checkpoint is a folder `step-<number>`; the file `state.json` is its last and appears as
a whole, so that it says the folder is complete. Once that one was read back, the one before it
is removed. So at every instant there is a complete one, or none because none was finished
yet. A damaged one is named and passed over. Folders are never renamed, which no object store
does at once.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
import tf_keras as keras

from models.training.checkpointing.checkpoint_files import (
    STATE,
    VARIABLES,
    DamagedCheckpoint,
    names_in,
    read_arrays,
    read_back,
    read_sealed,
    seal,
    write_arrays,
)
from models.training.checkpointing.state import TrainingState

_PROGRESS = logging.getLogger("polyrank.progress")
_ABANDONED_SECONDS = 7 * 86_400
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
        """Saves variables and state, reads them back, then removes the checkpoints before.

        What can't be read back is named and removed, and the one before stays.
        """
        before = [name for _, name in self._numbered(self._folder)]
        number = max((number for number, _ in self._numbered(self._folder)), default=-1) + 1
        folder = f"{self._folder}/step-{number:09d}"
        tf.io.gfile.makedirs(folder)
        self._tracked.write(f"{folder}/{VARIABLES}")
        plain = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
        for name in _ARRAYS:
            write_arrays(f"{folder}/{name}.npz", plain.pop(name))
        seal(folder, plain)
        try:
            read_back(folder)
        except DamagedCheckpoint as damage:
            _PROGRESS.warning(
                "the checkpoint just written to %s can't be used: %s; the training goes on and "
                "keeps the one before. Check that disk",
                folder,
                damage,
            )
            before = [name for _, name in self._numbered(self._folder)][-1:]
        for name in before:
            _remove(f"{self._folder}/{name}")

    def restore(self) -> TrainingState | None:
        """Puts the variables back and returns the state, or None where there is no checkpoint.

        Damaged ones are named on the terminal, and the one before is taken.
        """
        for folder, plain in self._whole():
            self._tracked.read(f"{folder}/{VARIABLES}").assert_existing_objects_matched()
            arrays = {name: read_arrays(f"{folder}/{name}.npz") for name in _ARRAYS}
            return TrainingState(**{**plain, **arrays})
        return None

    def _whole(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields folder and state of the checkpoints that are as written, the latest first."""
        for _, name in reversed(self._numbered(self._restored)):
            folder = f"{self._restored}/{name}"
            # One without the file was being written when the training was stopped.
            if not tf.io.gfile.exists(f"{folder}/{STATE}"):
                continue
            try:
                yield folder, read_sealed(folder)
            except DamagedCheckpoint as damage:
                _PROGRESS.warning(
                    "the checkpoint %s is damaged and passed over: %s", folder, damage
                )

    @staticmethod
    def _numbered(folder: str) -> list[tuple[int, str]]:
        """The checkpoints' numbers and names, in their order; other files are not ours."""
        parts = [name.partition("step-") for name in names_in(folder)]
        return sorted(
            (int(n), f"step-{n}") for before, _, n in parts if not before and n.isdecimal()
        )

    def clear(self) -> None:
        """Removes this training's checkpoints, and those that were not written to for a week.

        A training that was given up, or whose code or settings have changed, leaves
        checkpoints that no other one may go on from. One that still runs writes often.
        """
        for name in names_in(self._folder):
            _remove(f"{self._folder}/{name}")
        if tf.io.gfile.exists(self._folder):
            tf.io.gfile.rmtree(self._folder)
        for fingerprint in names_in(self._root):
            folder = f"{self._root}/{fingerprint}"
            states = tf.io.gfile.glob(f"{folder}/*/{STATE}")
            written = max((tf.io.gfile.stat(x).mtime_nsec / 1e9 for x in states), default=None)
            if written is not None and time.time() - written > _ABANDONED_SECONDS:
                tf.io.gfile.rmtree(folder)


def _remove(folder: str) -> None:
    """Removes a checkpoint; a kill in between leaves it incomplete, never complete and broken."""
    if tf.io.gfile.exists(f"{folder}/{STATE}"):
        tf.io.gfile.remove(f"{folder}/{STATE}")
    tf.io.gfile.rmtree(folder)
