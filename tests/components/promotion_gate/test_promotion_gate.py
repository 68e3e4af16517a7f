import dataclasses
import json

import numpy as np
import pytest
import ranking_samples
from exact_numbers import EXACT
from sklearn import metrics as sklearn_metrics

from common.names import OVERALL
from common.settings import SettingsError, parse
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.verdict import CellVerdict, judge_all, summary
from models.metrics.gauc import grouped_auc
from models.metrics.quality import Quality, quality
from schemas.contract import parse_schema, read_contract

NAN = float("nan")
GOOD = Quality(0.7, 0.5, 1.0, 100, 100, 100.0, 100.0, 0, **EXACT)


def cell(scenario: str = "home", baseline: Quality | None = None, **changes: float) -> Cell:
    return Cell("click", scenario, dataclasses.replace(GOOD, **changes), baseline)


def judge(one: Cell, config: GateConfig) -> CellVerdict:
    """The verdict of a cell that is the only one."""
    (found,) = judge_all([one], config)
    return found


class TestQuality:
    def test_all_numbers_against_sklearn(self):
        random = np.random.default_rng(2)
        target, weight = random.integers(0, 2, 300), random.choice([0, 0.5, 2], 300)
        score = random.random(300)
        user = random.integers(0, 30, 300)
        found, inside = quality(target, score, weight, user), weight > 0
        t, s, w = target[inside], score[inside], weight[inside]
        assert found.auc == pytest.approx(sklearn_metrics.roc_auc_score(t, s, sample_weight=w))
        assert found.logloss == pytest.approx(sklearn_metrics.log_loss(t, s, sample_weight=w))
        assert found.calibration == pytest.approx((w * s).sum() / (w * t).sum())
        assert (found.positives, found.negatives) == (t.sum(), (1 - t).sum())
        assert found.weighted_positives == (w * t).sum()
        assert found.weighted_negatives == (w * (1 - t)).sum()
        within = grouped_auc(t, s, w, user[inside])
        assert (found.gauc, found.ranked_users) == (within.mean, within.groups)
        assert 10 < found.ranked_users <= 30
        rate = (w * t).sum() / w.sum()
        entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        assert found.normalized_entropy == pytest.approx(found.logloss / entropy)

    def test_one_class_has_no_auc_rather_than_zero(self):
        found = quality(np.zeros(3), np.array([0.1, 0.2, 0.3]), np.ones(3), np.arange(3))
        assert np.isnan([found.auc, found.calibration, found.normalized_entropy]).all()
        assert found.logloss == pytest.approx(-np.log([0.9, 0.8, 0.7]).mean())

    def test_an_empty_space_has_no_numbers(self):
        found = quality(np.ones(2), np.array([0.1, 0.2]), np.zeros(2), np.arange(2))
        assert np.isnan([found.auc, found.logloss, found.calibration]).all()
        assert (found.positives, found.negatives) == (0, 0)

    def test_a_score_that_is_not_finite_is_counted_even_outside_the_space(self):
        score = np.array([0.2, np.nan, np.inf, 0.4])
        found = quality(np.array([0, 1, 1, 1]), score, np.array([1, 0, 1, 1]), np.zeros(4))
        assert found.nonfinite_scores == 2
        assert np.isnan([found.auc, found.logloss, found.calibration]).all()


class TestVerdict:
    def test_pass_says_its_numbers(self):
        found = judge(cell(), GateConfig())
        assert (found.verdict, found.refuses) == ("pass", False)
        assert "AUC 0.7000" in found.reason

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"auc": 0.5499}, "AUC 0.5499 is below 0.55."),
            ({"calibration": 1.41}, "calibration 1.410 is outside 0.7 to 1.4."),
            ({"calibration": 0.69}, "calibration 0.690 is outside 0.7 to 1.4."),
            ({"auc": NAN}, "auc is not a finite number."),
            ({"logloss": float("inf")}, "logloss is not a finite number."),
            ({"nonfinite_scores": 3, "auc": NAN}, "3 scores are NaN or infinite."),
        ],
    )
    def test_fail_says_why(self, change, reason):
        found = judge(cell(**change), GateConfig())
        assert (found.verdict, found.refuses, found.reason) == ("fail", True, reason)

    def test_limits_are_kept_at_their_value(self):
        config = GateConfig(auc_at_least=0.7, calibration_between=(1, 1), logloss_at_most=0.5)
        assert judge(cell(), config).verdict == "pass"

    def test_all_broken_limits_are_named(self):
        found = judge(cell(auc=0.5, calibration=2.0, logloss=0.9), GateConfig(logloss_at_most=0.8))
        assert found.reason == (
            "AUC 0.5000 is below 0.55; calibration 2.000 is outside 0.7 to 1.4; "
            "log loss 0.9000 is above 0.8."
        )

    def test_few_positives_are_insufficient_before_they_are_bad(self):
        found = judge(cell(positives=29, auc=0.1), GateConfig())
        assert (found.verdict, found.refuses) == ("insufficient data", False)
        assert found.reason == "29 positives and 100 negatives; 30 and 30 are needed."

    def test_scores_that_are_not_finite_fail_before_they_are_few(self):
        assert judge(cell(positives=1, nonfinite_scores=1), GateConfig()).verdict == "fail"

    def test_a_scenario_called_all_is_judged_as_any_other(self):
        cells = [cell(OVERALL), cell("all", auc=0.5), cell("home")]
        found = judge_all(cells, GateConfig())
        assert [(v.name, v.verdict, v.refuses) for v in found] == [
            ("click/*", "pass", False),
            ("click/all", "fail", True),
            ("click/home", "pass", False),
        ]
        assert summary(found)["reasons"] == ["click/all: fail: AUC 0.5000 is below 0.55."]

    def test_insufficient_data_refuses_overall_where_data_must_be(self):
        few = cell(OVERALL, negatives=0, auc=NAN)
        assert judge(few, GateConfig()).refuses
        assert judge(few, GateConfig(must_have_data=("click",))).refuses
        assert not judge(few, GateConfig(must_have_data=("buy_given_click",))).refuses

    def test_the_more_special_override_wins_and_the_rest_is_inherited(self):
        config = parse(
            GateConfig,
            {
                "overrides": {
                    "click": {"auc_at_least": 0.8, "min_positives": 5},
                    "click/home": {"auc_at_least": None},
                }
            },
        )
        home, cart = config.thresholds("click", "home"), config.thresholds("click", "cart")
        assert (home.auc_at_least, home.min_positives, home.min_negatives) == (None, 5, 30)
        assert (cart.auc_at_least, cart.calibration_between) == (0.8, (0.7, 1.4))
        again = GateConfig.model_validate_json(config.model_dump_json(exclude_unset=True))
        assert again.thresholds("click", "home") == home

    def test_the_difference_is_candidate_minus_baseline(self):
        values = judge(
            cell(baseline=dataclasses.replace(GOOD, auc=0.6, logloss=NAN)), GateConfig()
        ).as_json()
        assert values["difference"]["auc"] == pytest.approx(0.1)
        assert values["difference"]["logloss"] is None
        assert values["baseline"]["auc"] == 0.6

    def test_summary_counts_and_names_what_refuses(self):
        verdicts = judge_all([cell(), cell(auc=0.1), cell(positives=0)], GateConfig())
        found = summary(verdicts)
        assert found["counts"] == {"pass": 1, "fail": 1, "insufficient data": 1}
        assert found["blessed"] is False
        assert found["reasons"] == ["click/home: fail: AUC 0.1000 is below 0.55."]
        json.dumps(found, allow_nan=False)


class TestConfig:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"auc_atleast": 0.6}, "did you mean 'auc_at_least'"),
            ({"calibration_between": [2, 1]}, "'calibration_between': 2 is above 1"),
            ({"min_positives": 0}, "greater than or equal to 1"),
        ],
    )
    def test_unusable_values_are_refused(self, values, message):
        with pytest.raises(SettingsError, match=message):
            parse(GateConfig, values)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"overrides": {"clik": {}}}, "unknown output 'clik'; did you mean 'click'"),
            ({"overrides": {"click/hme": {}}}, "unknown scenario 'hme'; did you mean 'home'"),
            ({"must_have_data": ["clicks"]}, "did you mean 'click'"),
        ],
    )
    def test_unknown_names_are_refused_with_the_nearest(self, values, message):
        with pytest.raises(SettingsError, match=message):
            parse(GateConfig, values).check_names(ranking_samples.contract())

    def test_what_stood_for_all_scenarios_before_is_a_scenario_or_refused(self):
        config = parse(GateConfig, {"overrides": {"click/all": {"auc_at_least": 0.8}}})
        config.check_names(ranking_samples.contract())
        limits = [config.thresholds("click", name).auc_at_least for name in ("all", OVERALL)]
        assert limits == [0.8, 0.55]
        schema = ranking_samples.SCHEMA.replace('value: "all"', 'value: "search"')
        with pytest.raises(SettingsError) as error:
            config.check_names(read_contract(parse_schema(schema)))
        assert str(error.value) == (
            "gate.overrides: 'click/all': no scenario is called 'all'; for all scenarios together "
            "write 'click/*'"
        )

    def test_known_names_are_taken(self):
        parse(
            GateConfig, {"overrides": {"click": {}, "click/*": {}, "click/cart": {}}}
        ).check_names(ranking_samples.contract())
