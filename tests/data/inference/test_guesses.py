"""Guesses on logs whose true schema is known."""

import datetime

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from made_shop import shop

from common.errors import BadDataError
from data import synthetic
from data.adapters import kuairand
from data.inference.guesser import guess
from data.inference.proposal import propose
from data.inference.sampling.sample import read_sample
from data.synthetic.columns import contract
from schemas.contract import load_contract, parse_schema, read_contract
from schemas.tags import Categorical, Id, Numeric


def _proposed(source):
    """The proposed contract, the guesses by column, and the text."""
    sample = read_sample(source)
    guesses = guess(sample)
    text = propose(sample, guesses).text
    return read_contract(parse_schema(text)), {x.column: x for x in guesses.columns}, text


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    world = synthetic.WorldConfig(unclicked_conversion=0.004)
    config = synthetic.SyntheticConfig(
        rows=40_000, days=4, start=datetime.date(2026, 1, 1), seed=2, world=world
    )
    synthetic.write_log(folder, config)
    return _proposed(folder)


@pytest.fixture(scope="module")
def shopped(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.csv.gz"
    shop().to_csv(path, index=False)
    return _proposed(path)


def _treatments(contract):
    return {x.name: type(x.treatment) for x in contract.columns if x.treatment is not None}


def test_the_synthetic_log_gets_the_schema_that_was_written_by_hand(drawn):
    found, _, _ = drawn
    written = contract()
    # True probabilities are no columns of a log that anybody has.
    known = [x for x in written.columns if x.tags.truth is None]
    assert [x.name for x in found.columns] == [x.name for x in known]
    for role in ("scenario", "user_id", "timestamp"):
        assert getattr(found, role).name == getattr(written, role).name
    assert set(found.scenarios) == set(written.scenarios)
    assert found.scenario.tags.prior_role == written.scenario.tags.prior_role == "scenario"
    assert found.timestamp.tags == written.timestamp.tags
    sides = {x.name: (x.type, x.required, x.side) for x in known}
    assert {x.name: (x.type, x.required, x.side) for x in found.columns} == sides
    assert _treatments(found) == _treatments(written)
    assert found.column("position").tags.train_only_default in ("2", "3", "4")
    assert found.serving_features == tuple(found.column(x.name) for x in written.serving_features)


def test_the_task_graph_follows_from_the_rows(drawn):
    found, _, _ = drawn
    labels = {x.name: (x.parent, x.constrained, x.paths) for x in found.tasks.labels}
    assert labels == {
        "click": (None, False, ()),
        "action": ("click", True, ()),
        # A few conversions have no click: that is legal, not a constraint.
        "conversion": ("click", False, ("click", "action")),
    }


def test_what_was_known_afterwards_is_left_out_with_its_reason(drawn):
    _, guesses, text = drawn
    left_out = {name for name, x in guesses.items() if x.left_out}
    assert left_out == {
        "true_ctr", "true_ctavr", "true_cvr", "true_cvr_clicked", "true_ctcvr", "true_xcvr",
        "potential_conversion", "conversion_delay_hours",
    }  # fmt: skip
    assert "ranks 'conversion' with an AUC of 1.000" in guesses["conversion_delay_hours"].reason
    assert "\n# conversion_delay_hours: its name says known only after the impression;" in text


def test_one_hash_less_makes_a_left_out_column_a_feature(drawn):
    _, _, text = drawn
    again = text.replace('# feature { name: "true_ctr"', 'feature { name: "true_ctr"')
    assert read_contract(parse_schema(again)).column("true_ctr").treatment == Numeric(buckets=16)


def test_columns_of_unknown_names_are_told_by_their_values(shopped):
    found, guesses, _ = shopped
    roles = (found.scenario.name, found.user_id.name, found.timestamp.name)
    assert roles == ("wo", "wer", "wann")
    assert found.scenarios == ("start", "suche", "korb", "profil")
    assert found.timestamp.tags.ticks_per_second == 1_000_000
    labels = [(x.name, x.parent, x.constrained) for x in found.tasks.labels]
    assert labels == [("ja", None, False), ("dann", "ja", True)]
    sides = {x.name: x.side for x in found.features}
    assert sides == {
        "wo": "context", "wer": "user", "alter": "user", "was": "item", "preis": "item",
        "laune": "context", "stunde": "context",
    }  # fmt: skip
    assert _treatments(found) == {
        "wo": Categorical, "wer": Id, "alter": Categorical, "was": Id, "preis": Numeric,
        "laune": Numeric, "stunde": Categorical,
    }  # fmt: skip
    assert not found.column("laune").required and found.column("preis").required
    reasons = {name: x.reason for name, x in guesses.items() if x.left_out}
    assert set(reasons) == {"tag", "blieb", "zeile", "land"}
    assert "grows with the time" in reasons["tag"]
    assert "ranks 'ja' with an AUC of 0.98" in reasons["blieb"]
    assert "different in almost every row" in reasons["zeile"]
    assert "'at' in every row" in reasons["land"]
    for role in ("wo", "wer", "ja"):
        assert "weak" in guesses[role].reason


def test_every_feature_has_its_reason_above_it(shopped):
    found, guesses, text = shopped
    lines = text.splitlines()
    for column in found.columns:
        at = lines.index(f'  name: "{column.name}"')
        assert lines[at - 1] == "feature {" and lines[at - 2].startswith("# ")
        assert guesses[column.name].reason.split()[-1] in lines[at - 2]


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ({"wann": "yesterday"}, "time"),
        ({"wo": None, "land": None}, "scenario"),
        ({"ja": 0, "dann": 0}, "label"),
        ({"wer": "p1", "was": 7}, "user"),
    ],
)
def test_a_role_that_nobody_fills_is_named_with_what_to_write(tmp_path, change, role):
    rows = shop(rows=2000)
    # The age and the mood would do for a scenario or an id otherwise.
    rows = rows.assign(**change).drop(columns=["alter", "stunde"])
    rows.to_csv(tmp_path / "shop.csv", index=False)
    with pytest.raises(BadDataError, match=f":\n(.*\n)*  {role}: no column fits\n    write "):
        _proposed(tmp_path)


def test_numbers_as_scenarios_are_declared_as_texts(tmp_path):
    rows = shop(rows=3000)
    rows["tab"] = rows.pop("wo").map({"start": 1, "suche": 0, "korb": 4, "profil": 2})
    rows.to_csv(tmp_path / "shop.csv", index=False)
    found, guesses, _ = _proposed(tmp_path)
    assert (found.scenario.name, found.scenario.type) == ("tab", "bytes")
    assert found.scenarios == ("1", "0", "4", "2")
    assert "read as texts" in guesses["tab"].reason


def test_the_head_says_which_rows_required_features_come_from(tmp_path):
    rows = shop(rows=3000)
    rows.loc[2500:, "preis"] = None
    rows.to_csv(tmp_path / "shop.csv", index=False)
    for most, required, head in (
        (2000, True, "Proposed from 2,000 rows of 1 file(s) (the first rows of each; later ones"),
        (3000, False, "Proposed from 3,000 rows of 1 file(s). Every guess has its reason above"),
    ):
        sample = read_sample(tmp_path / "shop.csv", most)
        text = propose(sample, guess(sample)).text
        assert read_contract(parse_schema(text)).column("preis").required is required
        above = " ".join(text.partition("\n\n")[0].replace("# ", "").split())
        assert above.startswith(head)
        assert "required ('presence', 'shape') where none of these rows lacks it" in above


def test_only_a_rows_own_weight_weighs_it(tmp_path):
    rows = shop(rows=3000)
    product = rows.was.to_numpy()
    rows["product_weight"] = product % 7 + 0.5
    rows["weight"] = product % 5 + 0.5  # The item decides it, whatever its name.
    rows["parcel_weight"] = np.random.default_rng(1).random(len(rows)).round(3)
    rows["sampleWeight"] = rows.parcel_weight + 1
    rows["row_weight"] = rows.parcel_weight + 2
    rows.to_csv(tmp_path / "shop.csv", index=False)
    found, guesses, _ = _proposed(tmp_path)
    assert found.weight is not None and found.weight.name == "sampleWeight"
    assert guesses["sampleWeight"].tags == ("weight",) and not guesses["sampleWeight"].served
    numeric = ("product_weight", "weight", "parcel_weight")
    assert {name: guesses[name].tags for name in numeric} == {
        "product_weight": ("item", "numeric:buckets=16"),
        "weight": ("item", "numeric:buckets=16"),
        "parcel_weight": ("context", "numeric:buckets=16"),
    }
    assert guesses["row_weight"].left_out


def test_labels_that_differ_in_is_alone_keep_their_names(tmp_path):
    rows = shop(rows=3000).rename(columns={"ja": "is_click", "dann": "click"})
    rows["has_liked"] = (np.arange(len(rows)) * 7919 % 11 == 0).astype(int)
    rows.to_csv(tmp_path / "shop.csv", index=False)
    found, _, _ = _proposed(tmp_path)
    labels = {x.column: (x.name, x.parent, x.constrained) for x in found.tasks.labels}
    assert labels == {
        "is_click": ("is_click", None, False),
        "click": ("click", "is_click", True),
        "has_liked": ("liked", None, False),
    }


def test_the_real_excerpt(tmp_path, kuairand_excerpt):
    kuairand.write_log(kuairand_excerpt, tmp_path / "log")
    found, _, _ = _proposed(tmp_path / "log")
    written = load_contract(kuairand.SCHEMA)
    for role in ("scenario", "user_id", "timestamp"):
        assert getattr(found, role).name == getattr(written, role).name
    assert found.timestamp.tags == written.timestamp.tags
    assert found.tasks == written.tasks
    # Of the excerpt's people nobody is inactive, and every known one streams.
    constant = {"is_lowactive_period", "is_live_streamer"}
    assert {x.name for x in written.columns} - {x.name for x in found.columns} == constant
    for column in found.features:
        assert column.side == written.column(column.name).side or column.name == "scenario"


def test_leaks_of_the_real_log_are_found(tmp_path, kuairand_excerpt):
    log = pd.read_csv(next(kuairand_excerpt.glob("log_standard*")))
    log["tab"] = log.user_id % 3  # The excerpt has lost it.
    log.to_csv(tmp_path / "log.csv", index=False)
    found, guesses, _ = _proposed(tmp_path)
    assert (found.user_id.name, found.timestamp.name) == ("user_id", "time_ms")
    left_out = {name for name, x in guesses.items() if x.left_out}
    assert left_out == {"date", "timestamp", "play_time_ms", "comment_stay_time"}
    reason = guesses["play_time_ms"].reason
    assert reason.startswith("its name says known only after the impression")
    assert "alone it ranks 'is_click' with an AUC of 0.97" in reason
    assert {x.column for x in found.tasks.labels} == {
        "is_click", "is_follow", "is_comment", "is_forward", "long_view", "is_profile_enter",
    }  # fmt: skip


def _write_examples(frame, path):
    """Writes a TFRecord, without any of our own code; a missing value is an absent feature."""
    lists = {"i": "int64_list", "f": "float_list", "O": "bytes_list"}
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for _, row in frame.iterrows():
            example = tf.train.Example()
            for name, value in row.items():
                if not pd.isna(value):
                    kind = frame.dtypes[name].kind
                    value = value.encode() if kind == "O" else value
                    getattr(example.features.feature[name], lists[kind]).value.append(value)
            writer.write(example.SerializeToString())


def test_a_tfrecord_is_guessed_as_a_parquet_file_of_the_same_rows(tmp_path):
    frame = shop(rows=2000).astype({"preis": "float32", "laune": "float32", "blieb": "float32"})
    frame["wann"] = pd.to_datetime(frame["wann"]).astype("int64") // 10**9
    _write_examples(frame, tmp_path / "shop.tfrecord-00000-of-00001.gz")
    frame.to_parquet(tmp_path / "shop.parquet")
    contract, found, _ = _proposed(tmp_path / "shop.tfrecord-00000-of-00001.gz")
    wanted, expected, _ = _proposed(tmp_path / "shop.parquet")
    # Features have no order.
    assert found == expected
    assert sorted(contract.columns, key=str) == sorted(wanted.columns, key=str)
    assert contract.tasks == wanted.tasks


def test_a_feature_of_several_values_is_a_list_and_a_broken_file_is_told(tmp_path):
    path = tmp_path / "a.tfrecord"
    examples = [tf.train.Example() for _ in range(3)]
    for row, example in enumerate(examples):
        example.features.feature["last"].int64_list.value.extend(range(row))
        example.features.feature["raw"].bytes_list.value.append(b"\xff" * row)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            writer.write(example.SerializeToString())
    sample = read_sample(path)
    assert sample.table.column("last").to_pylist() == [[], [0], [0, 1]]
    assert sample.table.column("raw").to_pylist() == [b"", b"\xff", b"\xff\xff"]
    assert sample.complete and not read_sample(path, most_rows=2).complete
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadDataError, match="a.tfrecord, row 2 can't be read as TFRecord: trunc"):
        read_sample(path)
