import json

import numpy as np
import pytest
import ranking_samples
from sklearn.metrics import roc_auc_score
from tfx.types import standard_artifacts

from common.errors import BadDataError
from common.settings import SettingsError
from components.common.artifacts import LeakReport
from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.evidence import Grouping
from components.leak_alarm.executor import Executor
from components.leak_alarm.single_feature_auc import (
    FOLDS,
    encode,
    rates_of_others,
    single_feature_auc,
)
from models.features.preprocessing import MISSING
from schemas.contract import parse_schema, read_contract

MORE = """
feature { name: "dwell" type: FLOAT annotation { tag: "context" tag: "numeric" } }
feature { name: "code" type: BYTES annotation { tag: "context" tag: "id" } }
feature { name: "stars" type: INT annotation { tag: "item" tag: "numeric" } }
"""
SCHEMA = ranking_samples.SCHEMA + MORE
CONTRACT = read_contract(parse_schema(SCHEMA))
ROWS = 4000


def labels(rows=ROWS, rate=0.3, seed=0):
    random = np.random.default_rng(seed)
    return random, (random.random(rows) < rate).astype(np.float32), np.ones(rows, np.float32)


def alone(name, values, target, weight):
    return single_feature_auc(encode(CONTRACT.column(name), np.asarray(values)), target, weight)


class TestNumber:
    def test_it_ranks_by_its_size_in_either_direction(self):
        random, target, weight = labels()
        values = (target + random.normal(size=ROWS)).astype(np.float32)
        expected = roc_auc_score(target, values)
        assert alone("dwell", values, target, weight) == pytest.approx(expected, abs=1e-12)
        assert alone("dwell", -values, target, weight) == pytest.approx(expected, abs=1e-12)

    def test_being_missing_ranks_too(self):
        random, target, weight = labels()
        values = random.normal(size=ROWS).astype(np.float32)
        values[target > 0] = np.nan
        assert alone("dwell", values, target, weight) == 1.0
        values[:] = np.nan
        values[target > 0] = random.normal(size=int(target.sum()))
        assert alone("dwell", values, target, weight) == 1.0
        counts = np.where(target > 0, MISSING["int"], 3)
        assert alone("stars", counts, target, weight) == 1.0

    def test_a_ranking_by_neither_direction_is_seen_by_its_quantiles(self):
        random, target, weight = labels()
        values = np.where(target > 0, 1, 3) * random.choice([-1, 1], ROWS)
        assert max(roc_auc_score(target, values), roc_auc_score(target, -values)) < 0.6
        assert alone("stars", values, target, weight) == 1.0


class TestId:
    def test_a_value_seen_once_does_not_know_its_own_label(self):
        _, target, weight = labels()
        values = np.array([f"row-{i}".encode() for i in range(ROWS)], object)
        assert alone("code", values, target, weight) == 0.5
        # Rates that see their own row's label would call the same column a perfect ranking.
        codes = encode(CONTRACT.column("code"), values).codes
        own = (np.bincount(codes, target) + 10 * target.mean()) / 11
        assert roc_auc_score(target, own[codes]) == 1.0

    def test_a_value_that_rows_of_one_label_share_does(self):
        random, target, weight = labels()
        values = np.array(
            [b"%d" % value for value in random.integers(0, 40, ROWS) + 100 * target], object
        )
        assert alone("code", values, target, weight) > 0.99

    def test_values_without_a_signal_rank_as_chance_does(self):
        random, target, weight = labels(100_000)
        values = np.array([b"a", b"b"], object)[random.integers(0, 2, 100_000)]
        # Rates of other rows fall where this fold happens to be rich: a little below one half.
        assert alone("code", values, target, weight) == pytest.approx(0.5, abs=5e-3)

    def test_rows_of_one_class_rank_nothing(self):
        _, _, weight = labels()
        values = np.array([b"a", b"b"] * (ROWS // 2), object)
        assert alone("code", values, np.ones(ROWS), weight) == 0.5

    def test_a_missing_value_is_a_value(self):
        random, target, weight = labels()
        values = np.array([b"x"] * ROWS, object)
        values[target > 0] = MISSING["bytes"]
        assert alone("code", values, target, weight) == 1.0

    def test_rates_are_of_the_other_folds(self):
        random, target, weight = labels(60)
        weight = random.choice(np.array([0.5, 2.0]), 60)
        codes = random.integers(0, 3, 60)
        folds = random.integers(0, FOLDS, 60)
        found = rates_of_others(codes, 3, target, weight, folds)
        for row in range(60):
            other = folds != folds[row]
            overall = (weight * target)[other].sum() / weight[other].sum()
            same = other & (codes == codes[row])
            expected = ((weight * target)[same].sum() + 10 * overall) / (weight[same].sum() + 10)
            assert found[row] == pytest.approx(expected, abs=1e-12)


def test_an_exempt_feature_must_be_a_model_input():
    LeaksConfig(exempt=("dwell", "place")).check_names(CONTRACT)
    with pytest.raises(SettingsError, match="unknown feature 'dwel'; did you mean 'dwell'"):
        LeaksConfig(exempt=("dwel",)).check_names(CONTRACT)


def leaking_rows(leak: bool) -> dict[str, np.ndarray]:
    """Rows whose `dwell` is the time spent after a click, and whose `code` marks purchases."""
    rows = ranking_samples.make_rows(1500)
    random = np.random.default_rng(5)
    click, buy = rows["is_click"], rows["is_buy"]
    seconds = random.exponential(20, 1500) + 1 if leak else random.normal(size=1500)
    rows["dwell"] = (seconds * click if leak else seconds).astype(np.float32)
    kinds = np.array([b"a", b"b", b"c"])[random.integers(0, 3, 1500)]
    rows["code"] = np.where((buy == 1) & leak, b"order", kinds)
    rows["stars"] = random.integers(1, 6, 1500)
    return rows


@pytest.fixture
def alarm(tmp_path):
    """Runs the executor over rows; returns the report's artifact and leaks.json."""

    def run(rows, schema_text=SCHEMA, **config):
        folder = tmp_path / "examples" / "Split-train"
        folder.mkdir(parents=True)
        ranking_samples.write_examples(str(folder / "data.gz"), rows)
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(schema_text)
        examples, schema = standard_artifacts.Examples(), standard_artifacts.Schema()
        examples.uri, schema.uri = str(tmp_path / "examples"), str(tmp_path / "schema")
        examples.split_names = '["train"]'
        examples.set_int_custom_property("rows_train", len(rows["x"]))
        report = LeakReport()
        report.uri = str(tmp_path / "report")
        Executor().Do(
            {"examples": [examples], "schema": [schema]},
            {"report": [report]},
            {"leaks": LeaksConfig(**config).model_dump_json(), "code_digest": "x"},
        )
        return report, json.loads((tmp_path / "report" / "leaks.json").read_text())

    return run


def test_features_made_after_the_impression_are_named(alarm, tmp_path):
    rows = leaking_rows(leak=True)
    with pytest.raises(BadDataError) as error:
        alarm(rows)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("2 features alone rank a label too well")
    clicks, buys = int(rows["is_click"].sum()), int(rows["is_buy"].sum())
    assert lines[1].startswith(f"  feature 'dwell': AUC 1.0000 for click ({clicks:,} positives)")
    assert f"for buy_given_click ({buys:,} positives)" in lines[2]
    assert "'code'" in lines[2] and "'x'" not in str(error.value)
    assert "after_impression" in lines[3] and "leaks.exempt" in lines[3]
    assert not (tmp_path / "report").exists()


def test_an_honest_log_is_reported(alarm):
    rows = leaking_rows(leak=False)
    report, found = alarm(rows, max_rows=1500)
    assert (found["rows"], found["exempt"]) == (1500, [])
    assert found["auc"].keys() == set(ranking_samples.OUTPUTS)
    best = roc_auc_score(rows["is_click"], rows["x"], sample_weight=rows["w"])
    assert found["auc"]["click"]["x"] == pytest.approx(best, abs=1e-6)
    clicked = rows["is_click"] == 1
    best = roc_auc_score(
        rows["is_buy"][clicked], rows["x"][clicked], sample_weight=rows["w"][clicked]
    )
    assert found["auc"]["buy_given_click"]["x"] == pytest.approx(best, abs=1e-6)
    assert report.get_int_custom_property("rows") == 1500
    assert report.get_string_custom_property("note").startswith("most by one feature: AUC 0.")


def test_exempt_features_pass_and_rows_are_thinned(alarm):
    _, found = alarm(leaking_rows(leak=True), exempt=("dwell", "code"), max_rows=500)
    assert found["rows"] == 500
    assert set(found["exempt"]) == {"dwell", "code"}


def test_an_output_with_too_few_positives_is_not_judged(alarm):
    _, found = alarm(leaking_rows(leak=True), min_positives=1501)
    assert found["auc"] == {}


def suspect_rows(rows: int = 4000, seed: int = 3) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Honest rows of 200 people and 100 items, and the clicks' positions."""
    random = np.random.default_rng(seed)
    found = ranking_samples.make_rows(rows)
    found["uid"] = random.integers(0, 200, rows)
    found["dwell"] = random.normal(size=rows).astype(np.float32)
    found["code"] = np.array([b"i%d" % x for x in random.integers(0, 100, rows)])
    found["stars"] = random.integers(1, 6, rows)
    return found, found["is_click"] == 1


def with_feature(text: str) -> str:
    """The schema with one more feature, and `code` as the item's id."""
    code = '"code" type: BYTES annotation { tag: "context"'
    assert code in SCHEMA
    return SCHEMA.replace(code, code.replace("context", "item")) + text


SAVED = 'feature { name: "saved" type: INT annotation { tag: "context" tag: "categorical" } }'
OPENED = 'feature { name: "lamp" type: INT annotation { tag: "context" tag: "categorical" } }'


class TestSuspicion:
    def test_a_feature_named_like_an_outcome_may_rank_less_than_another(self, alarm):
        rows, click = suspect_rows()
        random = np.random.default_rng(4)
        # Six of ten clicks are bought; -1 stands for no.
        rows["bought"] = np.where(click & (random.random(len(click)) < 0.6), 1, -1)
        schema = with_feature(SAVED.replace("saved", "bought"))
        with pytest.raises(BadDataError) as error:
            alarm(rows, schema_text=schema)
        lines = str(error.value).splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("1 feature alone ranks a label too well")
        assert "feature 'bought': is named like an outcome; AUC 0.7" in lines[1]
        assert f"for click ({int(click.sum()):,} positives)" in lines[1]
        assert lines[1].endswith(
            "(the least over all rows and within scenarios, users and items): above 0.65"
        )

    def test_a_suspect_that_is_exempt_passes_and_is_listed(self, alarm):
        rows, click = suspect_rows()
        rows["bought"] = np.where(click & (np.random.default_rng(4).random(4000) < 0.6), 1, -1)
        schema = with_feature(SAVED.replace("saved", "bought"))
        _, found = alarm(rows, schema_text=schema, exempt=("bought",))
        assert set(found["exempt"]) == {"bought"}

    def test_what_the_schema_says_is_known_in_the_log_alone_is_judged_by_its_auc(self, alarm):
        rows, click = suspect_rows()
        rows["order"] = np.where(click, 1, np.random.default_rng(4).integers(0, 3, 4000))
        text = SAVED.replace("saved", "order").replace(
            'tag: "categorical"', 'tag: "categorical" tag: "train_only:default=0"'
        )
        _, found = alarm(rows, schema_text=with_feature(text))
        assert found["auc"]["click"]["order"] > 0.65

    def test_the_same_values_under_a_name_of_no_outcome_pass(self, alarm):
        rows, click = suspect_rows()
        random = np.random.default_rng(4)
        noise = random.random(len(click)) < 0.02  # else the rows of one value are all clicks
        rows["lamp"] = np.where((click & (random.random(len(click)) < 0.6)) | noise, 1, -1)
        _, found = alarm(rows, schema_text=with_feature(OPENED))
        assert 0.7 < found["auc"]["click"]["lamp"] < 0.95

    def test_a_rare_outcome_is_known_by_its_rows_which_are_all_positive(self, alarm):
        rows, click = suspect_rows()
        random = np.random.default_rng(4)
        rows["bought"] = (click & (random.random(len(click)) < 0.05)).astype(np.int64)
        bought = int(rows["bought"].sum())
        assert 30 < bought < 200
        with pytest.raises(BadDataError) as error:
            alarm(rows, schema_text=with_feature(SAVED.replace("saved", "bought")))
        line = str(error.value).splitlines()[1]
        assert f"all {bought:,} rows of one kind are positive for click" in line

    @pytest.mark.parametrize("of", ["uid", "code"])
    def test_what_is_known_of_a_person_or_an_item_may_be_named_like_an_outcome(self, alarm, of):
        rows, _ = suspect_rows()
        random = np.random.default_rng(6)
        _, of_row = np.unique(rows[of], return_inverse=True)
        liking = random.normal(size=of_row.max() + 1)
        click = random.random(len(of_row)) < 1 / (1 + np.exp(-2.5 * liking[of_row]))
        rows["is_click"], rows["is_buy"] = click.astype(np.int64), np.zeros(len(click), np.int64)
        rows["click_before"] = np.round(10 + 3 * liking[of_row]).astype(np.int64)
        text = SAVED.replace("saved", "click_before").replace("categorical", "numeric")
        _, found = alarm(rows, schema_text=with_feature(text))
        assert found["auc"]["click"]["click_before"] > 0.75

    def test_gaps_that_follow_the_label(self, alarm):
        rows, click = suspect_rows()
        random = np.random.default_rng(8)
        there = np.where(click, random.random(len(click)) < 0.9, random.random(len(click)) < 0.3)
        rows["lux"] = np.where(there, rows.pop("dwell"), np.nan).astype(np.float32)
        rows["lamp"] = random.integers(0, 2, len(click))
        with pytest.raises(BadDataError) as error:
            alarm(rows, schema_text=with_feature(OPENED).replace("dwell", "lux"))
        line = str(error.value).splitlines()[1]
        assert "feature 'lux': has gaps that follow the label; AUC 0.8" in line
        assert line.endswith("above 0.65")

    def test_gaps_of_some_people_alone_pass(self, alarm):
        rows, _ = suspect_rows()
        random = np.random.default_rng(9)
        guest = random.random(200) < 0.5
        click = random.random(4000) < np.where(guest[rows["uid"]], 0.1, 0.7)
        rows["is_click"], rows["is_buy"] = click.astype(np.int64), np.zeros(4000, np.int64)
        lux = np.where(guest[rows["uid"]], np.nan, rows.pop("dwell"))
        rows["lux"] = lux.astype(np.float32)
        rows["lamp"] = random.integers(0, 2, 4000)
        _, found = alarm(rows, schema_text=with_feature(OPENED).replace("dwell", "lux"))
        assert found["auc"]["click"]["lux"] > 0.75

    @pytest.mark.parametrize("scenarios", [2, 3])
    def test_gaps_of_some_scenarios_alone_pass(self, alarm, scenarios):
        rows, _ = suspect_rows()
        random = np.random.default_rng(10)
        places = np.array([b"home", b"all", b"cart"][:scenarios])
        place = random.integers(0, scenarios, 4000)
        click = random.random(4000) < np.array([0.03, 0.1, 0.4])[place + 3 - scenarios]
        rows["place"], rows["is_click"] = places[place], click.astype(np.int64)
        rows["is_buy"] = np.zeros(4000, np.int64)
        # Only the scenario with the most clicks has a query.
        lux = np.where(place == scenarios - 1, rows.pop("dwell"), np.nan)
        rows["lux"] = lux.astype(np.float32)
        rows["lamp"] = random.integers(0, 2, 4000)
        _, found = alarm(rows, schema_text=with_feature(OPENED).replace("dwell", "lux"))
        assert found["auc"]["click"]["lux"] > 0.65

    def test_gaps_that_follow_the_label_inside_a_scenario_do_not(self, alarm):
        rows, click = suspect_rows()
        random = np.random.default_rng(11)
        there = click & (random.random(4000) < 0.6) & (rows["place"] == b"all")
        there |= (rows["place"] == b"home") & click
        rows["lux"] = np.where(there, rows.pop("dwell"), np.nan).astype(np.float32)
        rows["lamp"] = random.integers(0, 2, 4000)
        with pytest.raises(BadDataError, match="'lux': has gaps that follow the label"):
            alarm(rows, schema_text=with_feature(OPENED).replace("dwell", "lux"))

    def test_a_scenario_with_few_clicks_says_nothing(self):
        target = np.array([1.0] * 29 + [0.0] * 400)
        scenario = Grouping(np.zeros(429, np.int64), few=True)
        assert not scenario.counts(1, target, LeaksConfig())
        assert scenario.counts(1, target, LeaksConfig(min_positives=29))
        assert not Grouping(scenario.codes).counts(9, target, LeaksConfig(min_positives=29))
        assert Grouping(scenario.codes).counts(10, target, LeaksConfig())
