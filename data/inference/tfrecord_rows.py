"""Reads TFRecords of tf.Examples whose features nobody has described yet."""

from __future__ import annotations

import itertools
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from common.errors import BadDataError


def first_examples(path: pathlib.Path, most_rows: int) -> tuple[pa.Table, bool]:
    """The first rows of a file (.tfrecord or .tfrecord.gz), and whether these are all of it.

    A feature with at most one value in each of the rows is a column of values, null where an
    example has none; any other is a column of lists. Bytes that are UTF-8 in all of them are text.

    Raises:
      BadDataError: a record that can't be read, or a feature of two types.
    """
    compression = "GZIP" if path.name.endswith(".gz") else ""
    dataset = tf.data.TFRecordDataset([str(path)], compression).as_numpy_iterator()
    try:
        records = list(itertools.islice(dataset, most_rows + 1))
        batch = ExamplesToRecordBatchDecoder().DecodeBatch(records[:most_rows])
    except tf.errors.OpError as error:
        why = error.message.rpartition("}} ")[2].partition(" [Op:")[0]
        raise BadDataError(
            f"{path} can't be read as TFRecord: {why}. Write the file anew"
        ) from None
    except RuntimeError as error:
        raise BadDataError(
            f"{path} can't be decoded as tf.Examples: {error}. Write the file anew, every feature "
            "with one type"
        ) from None
    columns = {name: _plain(batch.column(i)) for i, name in enumerate(batch.schema.names)}
    return pa.table(columns), len(records) <= most_rows


def _plain(lists: pa.Array) -> pa.Array:
    """Values in the place of lists of one, texts in the place of bytes."""
    if pa.types.is_null(lists.type):
        return lists
    lengths = np.nan_to_num(pc.list_value_length(lists).to_numpy(zero_copy_only=False))
    if lengths.max(initial=0) > 1:
        return lists
    positions = pa.array(np.cumsum(lengths).astype(np.int64) - 1, mask=lengths == 0)
    values = lists.flatten().take(positions)
    try:
        return values.cast(pa.string()) if pa.types.is_large_binary(values.type) else values
    except pa.ArrowInvalid:
        return values
