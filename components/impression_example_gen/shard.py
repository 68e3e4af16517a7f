"""Writes one shard: the columnar way of the rows from the log to tf.Examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf

from common.errors import BadDataError
from common.full_disk import full_disk, reason_if_full
from common.names import SPLITS
from components.impression_example_gen import quarantine
from components.impression_example_gen.plan import Piece, Shard
from components.impression_example_gen.sampling import SamplingConfig, sample
from components.impression_example_gen.shard_writer import (
    ShardWriter,
    shard_name,
    write_whole,
)
from components.impression_example_gen.split import Rows, Split
from data.log import columns, rules
from data.log.check_batch import check_batch
from data.log.formats.opening import open_log
from data.log.formats.reader import LogReader
from data.log.labels.gap_filling import filled
from data.log.labels.label_gaps import Gaps
from data.log.report import Report
from schemas.contract import Contract


class WriteShard(beam.DoFn):
    """Shard -> nothing; its files, its quarantine and its report are the result.

    Bad data is written into the report: Beam would bury the error under its own.
    """

    def __init__(
        self,
        contract: Contract,
        gaps: Gaps,
        split: Split,
        sampling: SamplingConfig,
        shards: int,
        compression_level: int,
        examples: str,
        refused: str,
        temporary: str,
    ) -> None:
        """Makes the DoFn; `gaps` are of the window. The last three are folders."""
        self._contract = contract
        self._gaps = gaps
        self._split = split
        self._sampling = sampling
        self._shards = shards
        self._level = compression_level
        self._examples = examples
        self._refused = refused
        self._temporary = temporary

    def process(self, shard: Shard) -> None:
        """Writes the shard; a second time gives the same files."""
        report = Report()
        name = shard_name(shard.index, self._shards)
        try:
            with ShardWriter(self._examples, self._temporary, name, self._level) as writer:
                for number, piece in enumerate(shard.pieces):
                    self._write_piece(shard.index, number, piece, writer, report)
        except BadDataError as error:
            report = Report(error=str(error))
        except (OSError, tf.errors.OpError) as error:
            reason = reason_if_full(error)
            if not reason:
                raise
            # The unfinished files are gone by now, so that there is room for these words.
            report = Report(no_room=full_disk(self._examples, reason))
        name = report_name(shard.index)
        content = report.to_json().encode()
        write_whole(self._temporary, name, self._temporary, content)

    def _write_piece(
        self,
        shard: int,
        number: int,
        piece: Piece,
        writer: ShardWriter,
        report: Report,
    ) -> None:
        reader = open_log(piece.file, self._contract)
        refused: list[rules.Refusals] = []
        for first, batch in self._batches(reader, piece):
            at = piece.offset + first
            values, refusals = check_batch(
                self._contract, batch, piece.file.name, piece.date, at, report
            )
            ids = piece.first_id + at + np.arange(batch.num_rows)
            self._write_batch(piece, values, ids, refusals.rows, writer, report)
            if len(refusals.rows):
                refused.append(dataclasses.replace(refusals, rows=refusals.rows + first))
        if refused:
            content = quarantine.refused_rows(reader, piece, refused)
            name = f"refused-{shard:05d}-{number:05d}.parquet"
            write_whole(self._refused, name, self._temporary, content)

    def _batches(self, reader: LogReader, piece: Piece) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields (first row in the row group, batch) for the rows of `piece`."""
        names = [column.name for column in self._contract.columns]
        end = piece.first + piece.rows
        at = 0
        for batch in reader.batches(piece.row_group, names):
            start, stop = max(piece.first, at), min(end, at + batch.num_rows)
            if start < stop:
                yield start, batch.slice(start - at, stop - start)
            at += batch.num_rows
            if at >= end:
                return

    def _write_batch(
        self,
        piece: Piece,
        values: dict[str, columns.Typed],
        ids: np.ndarray,
        refused: np.ndarray,
        writer: ShardWriter,
        report: Report,
    ) -> None:
        arrays = {name: value.array for name, value in values.items()}
        if len(refused) == len(ids):
            return
        if len(refused):
            kept = np.ones(len(ids), bool)
            kept[refused] = False
            ids, mask = ids[kept], pa.array(kept)
            arrays = {name: array.filter(mask) for name, array in arrays.items()}
        arrays = filled(self._contract, arrays, piece.date, self._gaps)
        report.unknown.count(self._contract, arrays, piece.date)
        rows = Rows(self._contract, piece.date, arrays)
        splits = self._split.assign(rows)
        sampled = sample(self._sampling, rows, ids, splits)
        report.sampled_away += int(sampled.away.sum())
        for index, split in enumerate(SPLITS):
            chosen = (splits == index) & ~sampled.away
            writer.write(split, sampled.examples[chosen])
            report.rows[split] += int(chosen.sum())


def report_name(shard: int) -> str:
    """Returns the name of a shard's report in the temporary folder."""
    return f"report-{shard:05d}.json"
