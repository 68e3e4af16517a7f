"""What a training is made from, as one digest.

Only the same training may go on from a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

_CHUNK = 1 << 22


def _file_digest(path: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files_below(folder: str) -> list[str]:
    return sorted(
        f"{parent}/{name}" for parent, _, names in tf.io.gfile.walk(folder) for name in names
    )


def training_fingerprint(
    example_files: Iterable[str],
    transform_dir: str,
    schema: str,
    settings: Mapping[str, Any],
) -> str:
    """Digests the content of a training's inputs; where they lie is no part of it.

    Args:
      example_files: files of the train and validation splits.
      transform_dir: the folder of the transform graph.
      schema: the contract in text format.
      settings: model and training config and the code's digest, as plain values.

    Returns:
      32 hexadecimal digits.
    """
    examples = [("/".join(p.split("/")[-2:]), _file_digest(p)) for p in sorted(example_files)]
    graph = [(p[len(transform_dir) :], _file_digest(p)) for p in _files_below(transform_dir)]
    text = json.dumps([examples, graph, schema, settings], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
