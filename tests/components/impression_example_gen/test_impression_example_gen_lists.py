"""Lists from the log to examples: values, refused rows, splits and TFDV's view of them."""

import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from impression_log import DATES, SCHEMA, csv_bytes, day_table, serialized_examples
from list_log import LISTS, TYPES, day_lists, write_lists
from siphash import siphash_unit

from common.errors import BadDataError
from components.impression_example_gen.hash_split import HashSplit
from components.impression_example_gen.sampling import SamplingConfig, sample
from components.impression_example_gen.split import Rows, SplitConfig
from schemas.contract import parse_schema, read_contract

SPEC = {
    "time": tf.io.FixedLenFeature([], tf.int64),
    "row__id": tf.io.FixedLenFeature([], tf.int64),
    "items": tf.io.RaggedFeature(tf.int64),
    "acts": tf.io.RaggedFeature(tf.string),
    "image": tf.io.FixedLenFeature([4], tf.float32),
    "voice": tf.io.RaggedFeature(tf.float32),
}
SPLITS = ("train", "validation", "eval")


def _write_texts(log):
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    for day in range(3):
        table, lists = day_table(day), day_lists(day)
        texts = {
            "items": [json.dumps(x) for x in lists["items"]],
            "acts": ["|".join(x) for x in lists["acts"]],
            "image": [", ".join(map(repr, x)) for x in lists["image"]],
            "voice": [x and " ".join(map(repr, x)) for x in lists["voice"]],
        }
        for name, values in texts.items():
            table = table.append_column(name, pa.array(values, pa.string()))
        log.path(day, "part-0.csv").write_bytes(csv_bytes(table))


def _parsed(examples, splits=SPLITS):
    """{time: its lists} of the rows of some splits."""
    records = [record for split in splits for record in serialized_examples(examples, split)]
    parsed = tf.io.parse_example(records, SPEC)
    columns = {
        name: x.to_list() if isinstance(x, tf.RaggedTensor) else x.numpy().tolist()
        for name, x in parsed.items()
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {row["time"]: row for row in rows}


def _wanted(days=(0, 1, 2)):
    found = {}
    for day in days:
        lists = day_lists(day)
        for row, time in enumerate(day_table(day).column("time").to_pylist()):
            image = np.array(lists["image"][row], np.float32).tolist()
            acts = [act.encode() for act in lists["acts"][row]]
            voice = lists["voice"][row] or []
            found[time] = {
                "items": lists["items"][row],
                "acts": acts,
                "image": image,
                "voice": voice,
            }
    return found


def _only_lists(rows):
    return {time: {name: row[name] for name in TYPES} for time, row in rows.items()}


@pytest.mark.parametrize("write", [write_lists, _write_texts], ids=["lists", "text"])
def test_lists_and_texts_that_hold_them_give_the_same_examples(log, write):
    write(log)
    examples, _ = log.run("run", schema_text=SCHEMA + LISTS)
    assert _only_lists(_parsed(examples)) == _wanted()
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    longer = {"length": 3, "rows": 24, "of": 120, "longest": 4}
    assert record["lists_longer_than_read"] == [
        {"column": "items", **longer},
        {"column": "acts", **longer},
    ]


def test_a_run_says_which_lists_are_longer_than_what_is_read(log, caplog):
    write_lists(log)
    with caplog.at_level("WARNING", "polyrank.progress"):
        log.run("run", schema_text=SCHEMA + LISTS)
    assert [x.message for x in caplog.records if "longer" in x.message] == [
        "items, acts: longer than 3 in 24 of 120 rows (20.0%), up to 4 values: a model reads the "
        "newest 3 (the tag's 'length')"
    ]


def test_rows_with_lists_that_do_not_fit_are_in_the_quarantine_as_they_were(log):
    def change(day, lists):
        if day == 1:
            lists["acts"][6] = ["view"] * 3  # Its items are 46 % 5 = 1.
            lists["voice"][9] = [1.0]

    write_lists(log, change)
    config = SplitConfig(validation_fraction=0.25, max_quarantined_share=0.05)
    examples, quarantine = log.run("run", config, schema_text=SCHEMA + LISTS)
    tables = [pq.read_table(path) for path in sorted(pathlib.Path(quarantine.uri).iterdir())]
    found = [row for table in tables for row in table.to_pylist()]
    said = ("quarantine_reason", "quarantine_column", "quarantine_wanted", "quarantine_row")
    assert [tuple(row[name] for name in said) for row in found] == [
        (
            "misaligned",
            "acts",
            "as many values as 'items' of the row, of the same group 'history'",
            6,
        ),
        ("wrong_length", "voice", "2 numbers, or none", 9),
    ]
    assert (found[0]["items"], found[0]["acts"]) == ([460], ["view"] * 3)
    refused = {day_table(1).column("time")[row].as_py() for row in (6, 9)}
    wanted = {time: row for time, row in _wanted().items() if time not in refused}
    assert _only_lists(_parsed(examples)) == wanted
    with pytest.raises(BadDataError, match=r"'acts' has 3 values, 'items' has 1 value\)"):
        log.run("again", schema_text=SCHEMA + LISTS)


def _key(values):
    """A row as its features one after the other, as protocol buffers write each alone."""
    found = b""
    for name, value in values.items():
        features = tf.train.Features()
        kind = "bytes_list" if isinstance(value[0], bytes) else "int64_list"
        getattr(features.feature[name], kind).value.extend(value)
        found += features.SerializeToString()
    example = tf.train.Example(features=tf.train.Features.FromString(found))
    head = example.SerializeToString()[: -len(found)]
    return head + found


def test_a_row_is_split_and_sampled_by_the_hash_of_its_lists_too():
    contract = read_contract(parse_schema(SCHEMA + LISTS))
    rows = [
        {"items": [1, 2, -3], "acts": [b"view", b"buy", b"view"]},
        {"items": [1, 2], "acts": [b"view", b"buy"]},
        {"items": [1, 2, -3], "acts": [b"view", b"buy", b"view"]},
        {"items": [300], "acts": ["é".encode()]},
    ]
    columns = {
        "items": pa.array([row["items"] for row in rows], pa.list_(pa.int64())),
        "acts": pa.array([row["acts"] for row in rows], pa.list_(pa.binary())),
    }
    labels = {x.column: pa.array([0, 1, 0, 0], pa.int64()) for x in contract.tasks.labels}
    found = Rows(contract, DATES[0], {**columns, **labels})
    assert found.keys.tolist() == [_key(row) for row in rows]
    hashes = np.array([siphash_unit(3, 0, _key(row)) for row in rows])
    assert hashes[0] == hashes[2] and len(set(hashes)) == 3
    share = float(np.sort(hashes)[1:].mean())
    config = SplitConfig(by="row", eval_fraction=share, validation_fraction=0.5, seed=3)
    wanted = np.where(hashes < share, 2, np.where(hashes < share + (1 - share) * 0.5, 1, 0))
    assert HashSplit.of(config, ()).assign(found).tolist() == wanted.tolist()
    whole = [_key({**row, "click": [0], "buy": [0], "view": [0]}) for row in rows]
    drawn = np.array([siphash_unit(5, 1, key) for key in whole])
    share = float(np.sort(drawn[[0, 3]]).mean())
    splits = np.zeros(4, np.int8)
    away = sample(SamplingConfig(negatives_kept=share, seed=5), found, np.arange(4), splits).away
    assert away.tolist() == [drawn[0] > share, False, drawn[2] > share, drawn[3] > share]
    assert away[[0, 3]].sum() == 1


def test_shards_and_runs_change_neither_splits_nor_row_ids(log):
    write_lists(log)
    config = SplitConfig(by="row", eval_fraction=0.3, validation_fraction=0.3, seed=3)
    options = {"schema_text": SCHEMA + LISTS, "eval_spans": 0}
    sampling = SamplingConfig(negatives_kept=0.5, seed=1)
    runs = [
        log.run(name, config, sampling=sampling, shards=shards, **options)[0]
        for name, shards in (("one", 1), ("five", 5))
    ]
    one, five = (
        {split: sorted(serialized_examples(run, split)) for split in SPLITS} for run in runs
    )
    assert one == five
    assert all(len(one[split]) > 5 for split in SPLITS)
    # 2026-01-01 is day 739617 since 0001-01-01.
    ids = {time: row["row__id"] - 739_617 * 2**40 for time, row in _parsed(runs[0]).items()}
    for time, number in ids.items():
        day, position = divmod(number, 2**40)
        assert time == day_table(day).column("time")[position].as_py()


def test_long_rows_are_read_fewer_at_a_time(log, monkeypatch):
    write_lists(log)
    whole, _ = log.run("whole", schema_text=SCHEMA + LISTS)
    monkeypatch.setattr("data.log.formats.reader.BATCH_BYTES", 1_000)
    parts, _ = log.run("parts", schema_text=SCHEMA + LISTS)
    for split in SPLITS:
        assert serialized_examples(parts, split) == serialized_examples(whole, split)
