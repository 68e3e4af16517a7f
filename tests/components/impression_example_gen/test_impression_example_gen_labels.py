"""Labels with gaps: what the examples hold, and what is said of them."""

import json
import pathlib

import tensorflow as tf
from impression_log import (
    DATES,
    SCHEMA,
    changed,
    day_table,
    read_split,
    serialized_examples,
)

from cli.common.log_check_text import summary
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from data.log.check_log import check_log
from schemas.contract import parse_schema, read_contract

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
GAPS = SCHEMA.replace(
    f'"buy" type: INT {_ONE} annotation {{ tag: "label:buy given:click"',
    '"buy" type: INT annotation { tag: "label:buy given:click above:0"',
)
assert GAPS != SCHEMA
EVERY_THIRD = range(0, 40, 3)  # The clicks of a day.


def _with_gaps(log, caplog, values, days=(2,), weights=None, **options):
    """Runs on the log with other purchases on some days; returns examples, record and words."""
    for day in days:
        log.write(day, changed(changed(day_table(day), "buy", values), "weight", weights or {}))
    if 0 in days and log.path(0, "part-1.parquet").exists():
        log.path(0, "part-1.parquet").unlink()
    caplog.clear()
    # The labels of this log may be missing: the parser of a split must not need them.
    examples, _ = log.run("run", schema_text=GAPS, **options)
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    lines = [record.message for record in caplog.records if record.name == "polyrank.progress"]
    return examples, record, lines


def _purchases(examples, split, monkeypatch):
    import impression_log
    import tensorflow as tf

    features = {**impression_log.FEATURES, "buy": tf.io.VarLenFeature(tf.int64)}
    monkeypatch.setattr(impression_log, "FEATURES", features)
    return [row["buy"] for _, row in sorted(read_split(examples, split).items())]


def test_rows_without_a_label_are_kept_counted_and_said(log, caplog, monkeypatch):
    values = {row: None for row in range(30, 40)}
    examples, record, said = _with_gaps(log, caplog, {**values, 0: 5, 1: -1})
    assert said == ["buy is not known yet in 10 of 40 rows of 2026-01-03: its loss and metrics "
                    "leave them out"]  # fmt: skip
    assert record["labels_not_known_yet"] == [
        {"label": "buy", "column": "buy", "span": "2026-01-03", "rows": 10, "of": 40}
    ]
    assert record["labels_negative_without_parent"] == record["labels_left_out"] == {}
    assert record["rows"]["eval"] == 40 and record["rows"]["quarantined"] == 0
    assert examples.get_string_custom_property("note") == "buy not known yet in 10 rows"
    found = _purchases(examples, "eval", monkeypatch)
    assert found[:2] == [5, -1] and found[30:] == [None] * 10


def test_a_label_that_clicked_rows_alone_have_is_negative_elsewhere(log, caplog, monkeypatch):
    values = {row: None for row in range(40) if row not in EVERY_THIRD}
    examples, record, said = _with_gaps(log, caplog, values, days=(0, 1, 2))
    assert said == ["buy is empty in most rows without click: there it is taken as negative"]
    assert record["labels_negative_without_parent"] == {"buy": list(DATES)}
    assert record["labels_not_known_yet"] == []
    found = _purchases(examples, "eval", monkeypatch)
    assert found == [int(row % 6 == 0) for row in range(40)]


def test_a_span_that_is_not_complete_is_left_out_in_runs_and_checks(log, caplog, monkeypatch):
    values = {row: None for row in range(40) if row not in EVERY_THIRD}
    _with_gaps(log, caplog, values, days=(0, 1))
    # Refused or not, a row says what its day's gaps are.
    late = {**values, 39: None}
    examples, record, said = _with_gaps(log, caplog, late, weights={39: -1.0})
    lines = [
        f"buy is empty in most rows without click of {DATES[0]}, {DATES[1]}: there it is taken as "
        "negative",
        f"buy is known in only 92.9% of the rows with click of {DATES[2]}, and in fewer without: "
        "buy is left out there",
    ]
    assert said == lines
    assert record["labels_negative_without_parent"] == {"buy": list(DATES[:2])}
    assert record["labels_left_out"] == {"buy": [DATES[2]]}
    assert [(x["span"], x["rows"], x["of"]) for x in record["labels_not_known_yet"]] == [
        (DATES[2], 39, 39)
    ]
    assert _purchases(examples, "eval", monkeypatch) == [None] * 39
    kept = _purchases(examples, "train", monkeypatch) + _purchases(
        examples, "validation", monkeypatch
    )
    assert sorted(kept) == [0] * 66 + [1] * 14

    contract = read_contract(parse_schema(GAPS))
    words = summary(contract, check_log(contract, str(log.folder / "log")))
    assert [line for line in words if line.startswith("buy ")] == lines
    assert "label buy: 14 positives (17.50% of the rows that have it)" in words


def test_sampling_leaves_out_rows_without_a_known_positive(log, caplog):
    values = {row: None for row in range(1, 40, 2)}
    _, record, _ = _with_gaps(
        log,
        caplog,
        values,
        days=(0, 1),
        sampling=SamplingConfig(negatives_kept=0.000001),
    )
    # `click` and `view` are known in every row: unclicked rows of odd numbers have no positive.
    negatives = sum(1 for row in range(40) if row % 3 and row % 2)
    assert record["rows"]["sampled_away"] == 2 * negatives


def test_a_row_keeps_its_split_when_its_label_comes(log):
    options = {
        "split": SplitConfig(by="row", eval_fraction=0.3, validation_fraction=0.3),
        "eval_spans": 0,
        "schema_text": GAPS,
    }
    later, _ = log.run("later", **options)
    for day in (1, 2):
        unknown = {row: None for row in range(0, 40, 2 * day)}
        log.write(day, changed(day_table(day), "buy", unknown))
    before, _ = log.run("before", **options)
    for split in ("train", "validation", "eval"):
        times = [
            sorted(
                tf.train.Example.FromString(x).features.feature["time"].int64_list.value[0]
                for x in serialized_examples(examples, split)
            )
            for examples in (before, later)
        ]
        assert times[0] == times[1] and len(times[0]) > 5
