"""The files of one checkpoint: on the disk, with checksums, and checked before they are used.

`state.json` is the last file of a checkpoint's folder and says that the others are there. It
holds their sizes and checksums, and one of itself.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from common.atomic_files import flush, is_remote, write_whole

STATE = "state.json"
VARIABLES = "variables"
"""The prefix of TensorFlow's files."""

_FORMAT = 2
_CHUNK = 1 << 22


class DamagedCheckpoint(Exception):  # noqa: N818 - it never reaches a user.
    """What is wrong with a checkpoint, as the end of a sentence."""


def seal(folder: str, state: Mapping[str, Any]) -> None:
    """Ends a checkpoint: its files are on the disk, then `state.json` appears as a whole.

    A remote file system has its own ways to keep what was written.

    Args:
      folder: the checkpoint's, with all its other files.
      state: what JSON can hold; NaN is kept.
    """
    names = [name for name in names_in(folder) if name != STATE]
    if not is_remote(folder):
        for name in (*names, "."):
            flush(f"{folder}/{name}")
    files = {name: _facts(f"{folder}/{name}") for name in names}
    body = {"format": _FORMAT, "files": files, "state": state}
    write_whole(f"{folder}/{STATE}", json.dumps({**body, "checksum": _checksum(body)}))
    if not is_remote(folder):
        # The file's name, and that of the folder.
        flush(folder)
        flush(f"{folder}/..")


def read_sealed(folder: str) -> dict[str, Any]:
    """Checks every file of a checkpoint, and returns its state.

    Raises:
      DamagedCheckpoint: a file is missing, can't be read, or is not what was written. A remote
        file system's errors pass: the next try may read it.
    """
    try:
        return _checked_state(folder)
    except tf.errors.OpError as error:
        if is_remote(folder):
            raise
        raise DamagedCheckpoint(f"a file of it can't be read: {error.message}") from None


def _checked_state(folder: str) -> dict[str, Any]:
    body = _read_state(f"{folder}/{STATE}")
    for name, facts in body["files"].items():
        path = f"{folder}/{name}"
        if not tf.io.gfile.exists(path):
            raise DamagedCheckpoint(f"its file {name} is missing")
        found = _facts(path)
        if found["bytes"] != facts["bytes"]:
            raise DamagedCheckpoint(
                f"its file {name} has {found['bytes']:,} bytes; {facts['bytes']:,} were written"
            )
        if found != facts:
            raise DamagedCheckpoint(f"the content of its file {name} is not what was written")
    state: dict[str, Any] = body["state"]
    return state


def read_back(folder: str) -> None:
    """Reads a checkpoint that was just written, down to every variable.

    Raises:
      DamagedCheckpoint: a file can't be read, or is not what was written.
    """
    read_sealed(folder)
    try:
        # TensorFlow's own checksums were made from the values in memory, ours from the files.
        reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/{VARIABLES}")
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise DamagedCheckpoint(f"its variables can't be read: {error}") from None


def _read_state(path: str) -> dict[str, Any]:
    with tf.io.gfile.GFile(path, "rb") as file:
        content = file.read()
    try:
        body = json.loads(content)
    except ValueError:
        raise DamagedCheckpoint(f"its {STATE} ({len(content):,} bytes) is no whole JSON") from None
    if not isinstance(body, dict) or "checksum" not in body:
        raise DamagedCheckpoint(
            f"its {STATE} has no checksum: an earlier version of Polyrank wrote it, or it is "
            "no checkpoint"
        )
    checksum = body.pop("checksum")
    if checksum != _checksum(body):
        raise DamagedCheckpoint(f"the content of its {STATE} is not what was written")
    if body["format"] != _FORMAT:
        raise DamagedCheckpoint(
            f"it is of format {body['format']}, and this version of Polyrank reads {_FORMAT}"
        )
    return body


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).hexdigest()


def _facts(path: str) -> dict[str, Any]:
    digest, size = hashlib.blake2b(digest_size=16), 0
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "blake2b": digest.hexdigest()}


def write_arrays(path: str, arrays: list[np.ndarray]) -> None:
    """Writes arrays as one file of numpy's."""
    content = io.BytesIO()
    np.savez(content, *arrays)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content.getvalue())


def read_arrays(path: str) -> list[np.ndarray]:
    """Reads what `write_arrays` wrote."""
    with tf.io.gfile.GFile(path, "rb") as file:
        content = io.BytesIO(file.read())
    with np.load(content) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


def names_in(folder: str) -> list[str]:
    """What a folder holds, sorted; nothing where it does not exist."""
    if not tf.io.gfile.isdir(folder):
        return []
    # Object stores list folders with a slash at the end.
    return sorted(name.rstrip("/") for name in tf.io.gfile.listdir(folder))
