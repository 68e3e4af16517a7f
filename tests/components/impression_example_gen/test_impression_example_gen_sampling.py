import json
import pathlib

import pytest
import tensorflow as tf
from impression_log import SCHEMA, day_table, features_of, serialized_examples
from siphash import siphash_unit

from common.settings import SettingsError, parse
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from models.features.inputs import weight_key
from models.features.targets import evaluation_targets
from schemas.own_features import ROW_ID_KEY, SAMPLING_RATE_KEY

LABELS = ("click", "buy", "view")
ROWS = 144  # Of a day, one every ten minutes.


def _content(record):
    """The bytes of an example without its row id, which is its last feature."""
    row_id = tf.train.Int64List(value=[features_of(record)[ROW_ID_KEY]])
    last = tf.train.Features(feature={ROW_ID_KEY: tf.train.Feature(int64_list=row_id)})
    features = tf.train.Example.FromString(record).features
    size = features.ByteSize() - last.ByteSize()
    assert record.endswith(last.SerializeToString())
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    content = record[len(record) - features.ByteSize() :]
    return b"\x0a" + length + content[:size]


def _is_negative(record):
    row = features_of(record)
    return not any(row[label] for label in LABELS)


@pytest.fixture()
def whole_days(log):
    (log.folder / "log" / "span=2026-01-01" / "part-1.parquet").unlink()
    for day in range(3):
        log.write(day, day_table(day, ROWS))
    return log


@pytest.mark.parametrize("by", ["time", "user"])
def test_a_hash_chooses_the_negatives_that_stay_and_all_else_stays(whole_days, by):
    log = whole_days
    split = SplitConfig(by=by, validation_fraction=0.25)
    whole, _ = log.run("whole", split)
    sampled, _ = log.run("sampled", split, sampling=SamplingConfig(negatives_kept=0.3, seed=5))
    rate = pytest.approx(0.3)
    gone = 0
    for name in ("train", "validation"):
        wanted, negatives = {}, 0
        for record in serialized_examples(whole, name):
            negative = _is_negative(record)
            if negative and siphash_unit(5, 1, _content(record)) >= 0.3:
                gone += 1
                continue
            negatives += negative
            row = features_of(record)
            wanted[row["time"]] = {**row, SAMPLING_RATE_KEY: rate} if negative else row
        rows = [features_of(record) for record in serialized_examples(sampled, name)]
        assert {row["time"]: row for row in rows} == wanted
        assert len(rows) == len(wanted) == sampled.get_int_custom_property(f"rows_{name}")
        assert negatives > 3
    assert serialized_examples(sampled, "eval") == serialized_examples(whole, "eval")
    assert gone == sampled.get_int_custom_property("rows_sampled_away") > 40
    counts = json.loads(pathlib.Path(sampled.uri, "examples.json").read_text())["rows"]
    assert sum(counts.values()) == 3 * ROWS and counts["sampled_away"] == gone


def test_weights_make_the_sample_stand_for_the_whole(whole_days, contract):
    examples, _ = whole_days.run("run", sampling=SamplingConfig(negatives_kept=0.5))
    records = [
        record for name in ("train", "validation") for record in serialized_examples(examples, name)
    ]
    weights = evaluation_targets(contract, tf.constant(records))[weight_key("click")].numpy()
    rows = [features_of(record) for record in records]
    negatives = [_is_negative(record) for record in records]
    assert weights.tolist() == [
        row["weight"] * (2 if negative else 1)
        for row, negative in zip(rows, negatives, strict=True)
    ]


def test_without_sampling_no_example_carries_a_rate(log):
    examples, _ = log.run("run")
    assert all(
        SAMPLING_RATE_KEY not in features_of(r) for r in serialized_examples(examples, "train")
    )
    assert examples.get_int_custom_property("rows_sampled_away") == 0


def test_equal_rows_stay_or_go_together(whole_days):
    log = whole_days
    for day in range(3):
        log.write(day, day_table(day, ROWS), "again")
    examples, _ = log.run("run", sampling=SamplingConfig(negatives_kept=0.4))
    records = serialized_examples(examples, "train") + serialized_examples(examples, "validation")
    rows = [features_of(record) for record in records]
    assert len({row.pop(ROW_ID_KEY) for row in rows}) == len(rows) > 100
    assert all(rows.count(row) == 2 for row in rows)


@pytest.mark.parametrize("share", [0, 1.5, -1])
def test_a_share_lies_above_0_and_up_to_1(share):
    with pytest.raises(SettingsError, match="negatives_kept"):
        parse(SamplingConfig, {"negatives_kept": share})


def test_a_rate_that_the_log_brings_is_a_number_above_0_and_up_to_1(log):
    schema = SCHEMA.replace('tag: "weight"', 'tag: "sampling_rate"')
    for day in range(3):
        table = day_table(day)
        at = table.schema.get_field_index("weight")
        rates = [0.25] * 38 + ([0.0, 1.5] if day == 1 else [1.0, 1.0])
        log.write(day, table.set_column(at, "weight", [rates]))
    (log.folder / "log" / "span=2026-01-01" / "part-1.parquet").unlink()
    config = SplitConfig(validation_fraction=0.25, max_quarantined_share=0.02)
    examples, _ = log.run("run", config, schema_text=schema)
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["refused"] == [{"reason": "not_a_rate", "column": "weight", "rows": 2}]
