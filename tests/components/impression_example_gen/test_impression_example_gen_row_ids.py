"""Row ids: one a row, the same in every run."""

import datetime

import pyarrow as pa
import pytest
from impression_log import DATES, SCHEMA, changed, csv_bytes, day_table, features_of
from impression_log import serialized_examples as serialized

from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig

SPLITS = ("train", "validation", "eval")
# 2026-01-01 is day 739617 since 0001-01-01.
FIRST = 739_617 * 2**40


def ids_of(examples, key="row__id", splits=SPLITS):
    """{time: id} of all rows; times are unique in this log."""
    rows = [features_of(record) for split in splits for record in serialized(examples, split)]
    found = {row["time"]: row[key] for row in rows}
    assert len(found) == len(rows)
    return found


def wanted_ids(days=(0, 1, 2)):
    """The rows of each day, counted through its files."""
    return {
        time: FIRST + day * 2**40 + position
        for day in days
        for position, time in enumerate(day_table(day).column("time").to_pylist())
    }


def test_an_id_is_the_day_and_the_position_in_it(log):
    assert datetime.date(1, 1, 1) + datetime.timedelta(739_616) == datetime.date(2026, 1, 1)
    examples, _ = log.run("run")
    found = ids_of(examples)
    # The first day has two files, of 25 and 15 rows in groups of 16.
    assert found == wanted_ids()
    assert len(set(found.values())) == 120


@pytest.mark.parametrize(
    ("split", "options"),
    [
        (SplitConfig(by="row", eval_fraction=0.3), {"eval_spans": 0, "shards": 1}),
        (SplitConfig(by="user", validation_fraction=0.4), {"shards": 7}),
        (SplitConfig(validation_fraction=0.2), {"dates": DATES[1:]}),
    ],
    ids=["by row, one shard", "by user, seven shards", "another window"],
)
def test_neither_split_nor_shards_nor_window_change_it(log, split, options):
    examples, _ = log.run("run", split, **options)
    assert ids_of(examples) == wanted_ids((1, 2) if "dates" in options else (0, 1, 2))


def test_rows_that_are_refused_or_sampled_away_leave_the_others_their_ids(log):
    log.write(1, changed(day_table(1), "scenario", {4: "cart"}))
    config = SplitConfig(validation_fraction=0.25, max_quarantined_share=0.03)
    examples, _ = log.run("run", config, sampling=SamplingConfig(negatives_kept=0.4))
    found, wanted = ids_of(examples), wanted_ids()
    gone = examples.get_int_custom_property("rows_sampled_away")
    assert gone > 5
    assert len(found) == 120 - 1 - gone
    assert found.items() <= wanted.items()
    assert FIRST + 2**40 + 4 not in found.values()


def test_rows_of_csv_are_counted_alike(log):
    (log.folder / "log" / f"span={DATES[1]}" / "part-0.parquet").unlink()
    log.path(1, "part-0.csv").write_bytes(csv_bytes(day_table(1)))
    examples, _ = log.run("run", shards=5)
    assert ids_of(examples) == wanted_ids()


def test_a_column_may_have_the_name_and_keeps_it(log):
    schema = SCHEMA + 'feature { name: "row__id" type: INT }\n'
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    for day in range(3):
        log.write(day, day_table(day).append_column("row__id", pa.array(range(40))))
    examples, _ = log.run("run", schema_text=schema)
    assert ids_of(examples, "row__id_") == wanted_ids()
    assert sorted(ids_of(examples, "row__id", ("eval",)).values()) == list(range(40))
