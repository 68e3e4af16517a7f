"""Logs without a time, without a user, without scenarios, and with guests."""

import json
import pathlib
import re

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from impression_log import SCHEMA, day_table, serialized_examples

from common.errors import BadDataError
from components.impression_example_gen.split import SplitConfig

SPLITS = ("train", "validation", "eval")
ROWS = 1_200


def without(*names):
    lines = SCHEMA.splitlines()
    for name in names:
        at = next(i for i, line in enumerate(lines) if f'name: "{name}"' in line)
        # The scenario's feature has a second line.
        del lines[at : at + (2 if name == "scenario" else 1)]
    return "\n".join(lines)


def counts(examples):
    return [examples.get_int_custom_property(f"rows_{split}") for split in SPLITS]


def column(examples, split, name):
    rows = [tf.train.Example.FromString(x) for x in serialized_examples(examples, split)]
    return [(*x.features.feature[name].bytes_list.value, None)[0] for x in rows]


@pytest.mark.parametrize("name", ["user", "scenario", "time"])
def test_each_role_may_be_missing(log, name):
    split = SplitConfig(eval_fraction=0.25, validation_fraction=0.25)
    examples, quarantine = log.run("run", split, eval_spans=0, schema_text=without(name))
    assert sum(counts(examples)) == 120 and min(counts(examples)) > 0
    assert quarantine.get_int_custom_property("rows_quarantined") == 0
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["split"]["by"] == ("row" if name == "time" else "time")
    if name != "time":
        assert counts(examples) == [68, 22, 30]  # as with all roles


def test_a_single_span_without_a_time_has_all_splits_and_no_row_twice(log):
    for day in (0, 1, 2):
        for path in (log.folder / "log").rglob(f"span=*-0{day + 1}/*.parquet"):
            path.unlink()
    for day in (0, 1, 2):
        log.write(day, day_table(day, ROWS), group=400)
    split = SplitConfig(eval_fraction=0.2, validation_fraction=0.25)
    schema = without("user", "scenario", "time")
    examples, _ = log.run("run", split, eval_spans=0, schema_text=schema)
    found = {s: serialized_examples(examples, s) for s in SPLITS}
    total = 3 * ROWS
    assert counts(examples) == [len(found[s]) for s in SPLITS] and sum(counts(examples)) == total
    # 60, 20 and 20 %, within 5 standard errors.
    for got, share in zip(counts(examples), (0.6, 0.2, 0.2), strict=True):
        assert abs(got - share * total) < 5 * np.sqrt(share * (1 - share) * total)
    assert not set(found["train"]) & set(found["eval"])
    assert not set(found["train"]) & set(found["validation"])
    again, _ = log.run("again", split, eval_spans=0, schema_text=schema, shards=1)
    for s in SPLITS:
        assert sorted(found[s]) == sorted(serialized_examples(again, s))


def test_the_last_delivery_may_judge(log):
    examples, _ = log.run("run", SplitConfig(), schema_text=without("time"))
    assert counts(examples)[2] == 40


def test_guests_are_split_one_by_one_and_users_whole(log):
    optional = re.sub(r'(name: "user" type: BYTES) presence {.*?} shape {.*?}+ }', r"\1", SCHEMA)
    assert optional != SCHEMA
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    for day in range(3):
        table = day_table(day)
        ids = [("", f"u{row // 2 % 11}")[row % 2] for row in range(table.num_rows)]
        at = table.schema.get_field_index("user")
        log.write(day, table.set_column(at, "user", pa.array(ids)))
    split = SplitConfig(by="user", eval_fraction=0.3, validation_fraction=0.4)
    examples, quarantine = log.run("run", split, eval_spans=0, schema_text=optional)
    users = {s: column(examples, s, "user") for s in SPLITS}
    assert sum(x.count(None) for x in users.values()) == 60
    assert quarantine.get_int_custom_property("rows_quarantined") == 0
    # Sixty guests can hardly all fall into one split; each of the eleven users is in one.
    assert all(x.count(None) >= 5 for x in users.values())
    known = [set(x) - {None} for x in users.values()]
    assert sum(map(len, known)) == len(set.union(*known)) == 11
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["guests"] == 60


def test_empty_users_are_refused_where_one_is_required(log):
    table = day_table(0)
    ids = [("", "u1", "u2", "u3")[row % 4] for row in range(table.num_rows)]
    log.write(0, table.set_column(table.schema.get_field_index("user"), "user", pa.array(ids)))
    with pytest.raises(BadDataError) as error:
        log.run("run")
    assert "column 'user' is ''; wanted a value in every row. user is empty in 10 of" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (lambda rows: [f"row {x}" for x in rows], "has 1,240 values in 1,240 rows: a value that"),
        (lambda rows: ["me" for _ in rows], "is the same in all 1,240 rows: one person's rows"),
    ],
)
def test_a_user_that_is_none_is_refused_with_the_way_out(log, ids, told):
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    first = 0
    for day, rows in enumerate((600, 600, 40)):
        # One every ten minutes: the later ones would be of the next day.
        table = day_table(day, rows)
        same_day = pa.array(
            [table.column("time")[0].as_py()] * (rows - 1) + [table.column("time")[0].as_py() + 1]
        )
        table = table.set_column(table.schema.get_field_index("time"), "time", same_day)
        users = pa.array(ids(range(first, first + rows)))
        log.write(day, table.set_column(table.schema.get_field_index("user"), "user", users))
        first += rows
    with pytest.raises(BadDataError) as error:
        log.run("run")
    assert str(error.value).startswith(f"column 'user' (user_id) {told}")
    assert "polyrank schema infer --user none" in str(error.value)


@pytest.mark.parametrize(
    ("by", "name", "tag"), [("time", "time", "timestamp"), ("user", "user", "user_id")]
)
def test_a_split_by_what_is_not_there_is_refused(log, by, name, tag):
    from common.settings import SettingsError

    with pytest.raises(SettingsError, match=f"split.by is '{by}', but the schema has no {tag}"):
        log.run("run", SplitConfig(by=by), schema_text=without(name))
