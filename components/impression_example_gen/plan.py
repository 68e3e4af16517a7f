"""Which rows of which files go into which shard."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from components.impression_example_gen.row_ids import first_row_ids
from data.log.files import LogFile
from data.log.survey import SurveyedFile


@dataclasses.dataclass(frozen=True)
class Piece:
    """Consecutive rows of one row group.

    Attributes:
      file: the file.
      date: its span.
      row_group: index in the file.
      first: the first row, counted in the row group.
      rows: number of rows.
      offset: the row group's first row, counted in the file.
      first_id: the row id of the file's first row; the others' follow it one by one.
    """

    file: LogFile
    date: str
    row_group: int
    first: int
    rows: int
    offset: int
    first_id: int


@dataclasses.dataclass(frozen=True)
class Shard:
    """The pieces that one worker writes, in order of time."""

    index: int
    pieces: tuple[Piece, ...]


def plan_shards(files: Sequence[SurveyedFile], shards: int) -> list[Shard]:
    """Deals the rows out to `shards` of similar size; the same log gives the same plan.

    A row group larger than a shard's fair share is cut, so that one big file still keeps all
    workers busy; no row group is read more than a few times.
    """
    share = max(1, math.ceil(sum(file.rows for file in files) / shards))
    first_ids = first_row_ids(files)
    pieces = [
        piece
        for file, first_id in zip(files, first_ids, strict=True)
        for piece in _pieces(file, first_id, share)
    ]
    dealt: list[list[int]] = [[] for _ in range(shards)]
    load = [0] * shards
    # The largest first, each to the shard that has least: the ends come out even.
    for index in sorted(range(len(pieces)), key=lambda i: (-pieces[i].rows, i)):
        lightest = load.index(min(load))
        dealt[lightest].append(index)
        load[lightest] += pieces[index].rows
    return [
        Shard(number, tuple(pieces[i] for i in sorted(indices)))
        for number, indices in enumerate(dealt)
    ]


def _pieces(file: SurveyedFile, first_id: int, share: int) -> list[Piece]:
    pieces = []
    offset = 0
    for group, rows in enumerate(file.row_groups):
        parts = math.ceil(rows / share)
        for part in range(parts):
            first, end = rows * part // parts, rows * (part + 1) // parts
            pieces.append(Piece(file.file, file.date, group, first, end - first, offset, first_id))
        offset += rows
    return pieces
