"""No room for the examples, for real: files may not grow beyond a limit."""

import pathlib

import pytest
from impression_log import day_table

from common.full_disk import DiskFullError


def test_no_shard_is_left_and_the_next_run_succeeds(log, room):
    for day in (1, 2):
        log.write(day, day_table(day, rows=140))
    with pytest.raises(DiskFullError) as error:
        room(3_000)
        log.run("run", shards=1)
    examples = pathlib.Path(log.folder, "run", "examples")
    assert str(error.value).startswith(f"{examples} can't be written: ")
    assert str(error.value).endswith(
        "free some space, or write to another disk (--work-dir), and run again"
    )
    assert not [path for path in examples.rglob("*") if path.is_file()]
    room(1 << 30)
    again, _ = log.run("again", shards=1)
    counts = [again.get_int_custom_property(f"rows_{x}") for x in ("train", "validation", "eval")]
    assert sum(counts) == 40 + 140 + 140
