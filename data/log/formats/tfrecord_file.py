"""TFRecords of tf.Examples, plain or gzip: lists, in one row group."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from common.errors import BadDataError
from data.log.casting.values import ARROW_TYPES
from data.log.formats.contents import HEAD_BYTES, foreign, is_gzip
from data.log.formats.reader import BATCH_ROWS, bounded
from data.log.formats.streams import open_stream
from schemas.contract import Contract


class TFRecordFile:
    """A `LogReader` of a TFRecord file; every column is a list, an absent feature is null.

    A feature has the type that it has in the first rows; a later row of another type is an
    error, as in every reader of tf.Examples.
    """

    untyped = False
    groups = 1
    notes = ()

    def __init__(self, path: str, source: str, contract: Contract | None = None) -> None:
        """Reads the first examples, for the types of their features.

        Args:
          path: of the file.
          source: its name in errors.
          contract: decides types where the examples don't: of features without a value, and
            of those whose type differs from row to row. None if there is no schema yet.

        Raises:
          BadDataError: they are no tf.Examples, or without a contract of several types.
        """
        self._path = path
        self._source = source
        self._compression = _compression(path, source)
        columns = contract.columns if contract else ()
        self._expected = pa.schema(
            [(column.name, pa.list_(ARROW_TYPES[column.type])) for column in columns]
        )
        first = next(self._records(BATCH_ROWS), [])
        self.is_empty = not first
        if self.is_empty and self._compression:
            _refuse_what_is_cut_off(path, source)
        found = self._decoded_alone(first).schema
        # A feature that no example has is legal where the contract lets it be missing. One that
        # is there without a kind (`tf.train.Feature()`) has no type yet: the contract's.
        required = {column.name for column in columns if first and column.required}
        untyped = {field.name for field in found if contract and pa.types.is_null(field.type)}
        absent = set(self._expected.names) - set(found.names) - required
        self.schema = pa.schema(
            [
                *(field for field in found if field.name not in untyped),
                *(field for field in self._expected if field.name in untyped | absent),
            ]
        )

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """See `LogReader.batches`."""
        del group
        schema = pa.schema([self.schema.field(name) for name in columns])
        nulls = [field for field in schema if pa.types.is_null(field.type)]
        schema = pa.schema([field for field in schema if field not in nulls])
        first = 0
        for records in self._records(batch_rows):
            batch = self._decoded(schema, records, first)
            for field in nulls:
                batch = _with_nulls(batch, field)
            yield from bounded(batch)
            first += len(records)

    def take(self, group: int, rows: np.ndarray) -> pa.Table:
        """See `LogReader.take`."""
        del group
        records: list[bytes] = []
        first = 0
        for batch in self._records(BATCH_ROWS):
            start, end = np.searchsorted(rows, [first, first + len(batch)])
            records.extend(batch[row] for row in rows[start:end] - first)
            first += len(batch)
        return pa.Table.from_batches([self._decoded_alone(records)])

    def _records(self, count: int) -> Iterator[list[bytes]]:
        """Yields serialized examples, `count` at a time."""
        read = 0
        try:
            for batch in self._dataset().batch(count).as_numpy_iterator():
                yield batch.tolist()
                read += len(batch)
        except tf.errors.OpError as error:
            why = error.message.rpartition("}} ")[2].partition(" [Op:")[0]
            raise BadDataError(
                f"{self._source}, row {read + self._readable(read):,} can't be read as TFRecord"
                f"{' (gzip)' if self._compression else ''}: {why}. Write the file again"
            ) from None

    def _dataset(self) -> tf.data.Dataset:
        return tf.data.TFRecordDataset([self._path], self._compression, buffer_size=1 << 20)

    def _readable(self, first: int) -> int:
        """Counts the records from `first` on that come before the one that can't be read."""
        count = 0
        with contextlib.suppress(tf.errors.OpError):
            for _ in self._dataset().skip(first):
                count += 1
        return count

    def _decoded_alone(self, records: list[bytes]) -> pa.RecordBatch:
        """Decodes examples with all their features, each with its own type."""
        try:
            return ExamplesToRecordBatchDecoder().DecodeBatch(records)
        except RuntimeError as error:
            if not self._expected:
                raise BadDataError(
                    f"{self._source} can't be decoded as tf.Examples: {error}. Rewrite the "
                    "file with one type per feature"
                ) from None
            # Types differ from row to row: the contract decides which is the wrong one.
            return self._decoded(self._expected, records, 0)

    def _decoded(self, schema: pa.Schema, records: list[bytes], first: int) -> pa.RecordBatch:
        """Decodes examples; `first` is the row of the first of them in the file."""
        try:
            return _decoder(schema).DecodeBatch(records)
        except RuntimeError as error:
            good, bad = 0, len(records)  # The first so many can be decoded, and can't.
            while bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if _decodes(schema, records[:middle]) else (good, middle)
            raise BadDataError(
                f"{self._source}, row {first + good} can't be decoded as tf.Example ({error}). "
                "Write the file again, every feature with one type"
            ) from None


def _compression(path: str, source: str) -> str:
    """Returns TensorFlow's name of a file's compression, by its first bytes.

    Raises:
      BadDataError: they are those of another kind of file, or there is no such file.
    """
    try:
        with open_stream(path) as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise BadDataError(f"{source} can't be read as TFRecord: {error}") from None
    if is_gzip(head):
        return "GZIP"
    what = foreign(head)
    if what:
        raise BadDataError(f"{source} is no TFRecord file: it is {what}")
    return ""


def _refuse_what_is_cut_off(path: str, source: str) -> None:
    """Raises BadDataError where a gzip file without a record is not whole: TensorFlow is silent."""
    try:
        with open_stream(path) as file, pa.CompressedInputStream(file, "gzip") as content:
            rest = content.read(1)
            why = "the first record is cut off" if rest else ""
    except (pa.ArrowException, OSError) as error:
        why = str(error)
    if why:
        raise BadDataError(
            f"{source}, row 0 can't be read as TFRecord (gzip): {why}. Write the file again"
        )


def _with_nulls(batch: pa.RecordBatch, field: pa.Field) -> pa.RecordBatch:
    """Adds a column of a feature that no example gives a value."""
    return pa.RecordBatch.from_arrays(
        [*batch.columns, pa.nulls(batch.num_rows)], schema=batch.schema.append(field)
    )


def _decoder(schema: pa.Schema) -> ExamplesToRecordBatchDecoder:
    """Makes a decoder; one that has failed can't be used again."""
    types = {
        pa.int64(): schema_pb2.INT,
        pa.float32(): schema_pb2.FLOAT,
        pa.binary(): schema_pb2.BYTES,
        pa.large_binary(): schema_pb2.BYTES,
    }
    features = [
        schema_pb2.Feature(name=field.name, type=types[field.type.value_type]) for field in schema
    ]
    return ExamplesToRecordBatchDecoder(schema_pb2.Schema(feature=features).SerializeToString())


def _decodes(schema: pa.Schema, records: list[bytes]) -> bool:
    try:
        _decoder(schema).DecodeBatch(records)
    except RuntimeError:
        return False
    return True
