"""Labels with gaps: what the examples hold, and what is said of them."""

import json
import logging
import pathlib

from impression_log import SCHEMA, changed, day_table, read_split

from components.impression_example_gen.sampling import SamplingConfig

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
GAPS = SCHEMA.replace(
    f'"buy" type: INT {_ONE} annotation {{ tag: "label:buy given:click"',
    '"buy" type: INT annotation { tag: "label:buy given:click above:0"',
)
assert GAPS != SCHEMA
EVERY_THIRD = range(0, 40, 3)  # The clicks of a day.


def _with_gaps(log, monkeypatch, values, days=(2,), **options):
    """Runs on the log with other purchases on some days; returns examples, record and words."""
    for day in days:
        log.write(day, changed(day_table(day), "buy", values))
    if 0 in days:
        log.path(0, "part-1.parquet").unlink()
    said = []
    progress = logging.getLogger("polyrank.progress")
    monkeypatch.setattr(progress, "warning", lambda text, *words: said.append(text % words))
    # The labels of this log may be missing: the parser of a split must not need them.
    examples, _ = log.run("run", schema_text=GAPS, **options)
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    return examples, record, said


def _purchases(examples, split, monkeypatch):
    import impression_log
    import tensorflow as tf

    features = {**impression_log.FEATURES, "buy": tf.io.VarLenFeature(tf.int64)}
    monkeypatch.setattr(impression_log, "FEATURES", features)
    return [row["buy"] for _, row in sorted(read_split(examples, split).items())]


def test_rows_without_a_label_are_kept_counted_and_said(log, monkeypatch):
    values = {row: None for row in range(30, 40)}
    examples, record, said = _with_gaps(log, monkeypatch, {**values, 0: 5, 1: -1})
    assert said == ["buy is not known yet in 10 of 40 rows of 2026-01-03: its loss and metrics "
                    "leave them out"]  # fmt: skip
    assert record["labels_not_known_yet"] == [
        {"label": "buy", "column": "buy", "span": "2026-01-03", "rows": 10, "of": 40}
    ]
    assert record["labels_negative_without_parent"] == []
    assert record["rows"]["eval"] == 40 and record["rows"]["quarantined"] == 0
    assert examples.get_string_custom_property("note") == "buy not known yet in 10 rows"
    found = _purchases(examples, "eval", monkeypatch)
    assert found[:2] == [5, -1] and found[30:] == [None] * 10


def test_a_label_that_clicked_rows_alone_have_is_negative_elsewhere(log, monkeypatch):
    values = {row: None for row in range(40) if row not in EVERY_THIRD} | {39: None}
    examples, record, said = _with_gaps(log, monkeypatch, values, days=(0, 1, 2))
    assert said[0] == "buy is empty in most rows without click: there it is taken as negative"
    assert said[1:] == [
        f"buy is not known yet in 1 of 40 rows of 2026-01-0{day}: its loss and metrics leave "
        "them out"
        for day in (1, 2, 3)
    ]
    assert record["labels_negative_without_parent"] == ["buy"]
    found = _purchases(examples, "eval", monkeypatch)
    expected = [int(row % 6 == 0) for row in range(40)]
    assert found == [*expected[:39], None]


def test_sampling_leaves_out_rows_without_a_known_positive(log, monkeypatch):
    values = {row: None for row in range(1, 40, 2)}
    _, record, _ = _with_gaps(
        log,
        monkeypatch,
        values,
        days=(0, 1),
        sampling=SamplingConfig(negatives_kept=0.000001),
    )
    # `click` and `view` are known in every row: unclicked rows of odd numbers have no positive.
    negatives = sum(1 for row in range(40) if row % 3 and row % 2)
    assert record["rows"]["sampled_away"] == 2 * negatives
