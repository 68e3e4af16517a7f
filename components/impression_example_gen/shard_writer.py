"""Serialized tf.Examples to the files of one shard, whole or not at all."""

from __future__ import annotations

import types
import uuid
from collections.abc import Iterable

import tensorflow as tf
from tfx.dsl.io import fileio

from common.names import SPLITS


def shard_name(index: int, shards: int) -> str:
    """Returns the file name of a shard: `examples-00000-of-00004.gz`."""
    return f"examples-{index:05d}-of-{shards:05d}.gz"


def write_whole(folder: str, name: str, temporary: str, content: bytes) -> None:
    """Writes a small file so that it is there whole or not at all.

    Not by `common.atomic_files`, which would leave a killed worker's file in `folder`, an
    artifact: what is left in `temporary` goes with it.
    """
    unfinished = f"{temporary}/{uuid.uuid4().hex}-{name}"
    with fileio.open(unfinished, "wb") as file:
        file.write(content)
    fileio.rename(unfinished, f"{folder}/{name}", overwrite=True)


class ShardWriter:
    """One shard's TFRecord file in every split; the files appear when the block ends well.

    Attempts write under names of their own, and the same rows give the same bytes, so a
    bundle that is retried, or run twice at once, leaves the same files.
    """

    def __init__(self, folder: str, temporary: str, name: str, compression_level: int) -> None:
        """Makes the writer.

        Args:
          folder: holds the folders `Split-<name>`, which exist.
          temporary: a folder in the same file system, which exists.
          name: the shard's file name.
          compression_level: of gzip, 1 to 9.
        """
        self._final = {split: f"{folder}/Split-{split}/{name}" for split in SPLITS}
        attempt = uuid.uuid4().hex
        self._unfinished = {split: f"{temporary}/{attempt}-{split}-{name}" for split in SPLITS}
        self._options = tf.io.TFRecordOptions("GZIP", compression_level=compression_level)
        self._writers: dict[str, tf.io.TFRecordWriter] = {}

    def __enter__(self) -> ShardWriter:
        self._writers = {
            split: tf.io.TFRecordWriter(path, self._options)
            for split, path in self._unfinished.items()
        }
        return self

    def write(self, split: str, examples: Iterable[bytes]) -> None:
        """Appends serialized examples to a split."""
        write = self._writers[split].write
        for example in examples:
            write(example)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        whole = kind is None
        try:
            for writer in self._writers.values():
                writer.close()
        except tf.errors.OpError:
            # The rest of the buffer did not fit; an error that came before is the one to tell.
            if whole:
                self._remove()
                raise
        if not whole:
            self._remove()
            return
        for split, path in self._unfinished.items():
            fileio.rename(path, self._final[split], overwrite=True)

    def _remove(self) -> None:
        for path in self._unfinished.values():
            fileio.remove(path)
