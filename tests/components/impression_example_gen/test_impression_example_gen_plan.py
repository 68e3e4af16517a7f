import collections

import numpy as np

from components.impression_example_gen.plan import plan_shards
from data.log.files import LogFile
from data.log.survey import SurveyedFile
from data.log.time_counts import TimeCounts

_NO_TIMES = TimeCounts(np.zeros(0, np.int64), np.zeros(0, np.int64))


def _file(name, *groups):
    return SurveyedFile(
        LogFile(f"/log/{name}", name, "parquet"), "2026-01-01", groups, _NO_TIMES, None
    )


def _rows(shards):
    """Every (file, row of the file) that is planned."""
    return collections.Counter(
        (piece.file.name, piece.offset + piece.first + i)
        for shard in shards
        for piece in shard.pieces
        for i in range(piece.rows)
    )


def test_every_row_is_planned_once():
    files = [_file("a", 10, 0, 7), _file("b"), _file("c", 3), _file("d", 50)]
    rows = _rows(plan_shards(files, 4))
    wanted = {("a", i) for i in range(17)} | {("c", i) for i in range(3)}
    assert set(rows) == wanted | {("d", i) for i in range(50)}
    assert set(rows.values()) == {1}


def test_one_big_row_group_keeps_all_shards_busy():
    shards = plan_shards([_file("a", 100)], 4)
    assert [sum(p.rows for p in shard.pieces) for shard in shards] == [25, 25, 25, 25]


def test_many_row_groups_are_dealt_out_evenly_and_read_once():
    shards = plan_shards([_file(str(i), 10, 10) for i in range(10)], 4)
    assert [sum(p.rows for p in shard.pieces) for shard in shards] == [50, 50, 50, 50]
    assert sum(len(shard.pieces) for shard in shards) == 20


def test_pieces_stay_in_order_of_time_and_the_plan_is_stable():
    files = [_file("a", 30, 5, 12), _file("b", 9, 40)]
    shards = plan_shards(files, 3)
    for shard in shards:
        order = [(p.file.name, p.offset + p.first) for p in shard.pieces]
        assert order == sorted(order)
    assert plan_shards(files, 3) == shards


def test_more_shards_than_rows():
    shards = plan_shards([_file("a", 2)], 4)
    assert len(shards) == 4
    assert sum(_rows(shards).values()) == 2
