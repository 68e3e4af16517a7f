"""The gate on what TFX's own Evaluator measured."""

import json

import numpy as np
import pytest
import ranking_samples
from gate_runs import run_gate
from sklearn import metrics as sklearn_metrics

from models.metrics.calibration import deciles
from models.metrics.gauc import grouped_auc
from models.metrics.names import JUDGED, standard_error_key
from models.metrics.paired import paired_differences
from models.metrics.quality import quality


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A stock Evaluator's run over 600 rows, and the rows."""
    folder = tmp_path_factory.mktemp("evaluated")
    rows = ranking_samples.make_rows(600)
    ranking_samples.evaluate(folder, rows)
    return folder, rows


@pytest.mark.e2e
def test_rows_with_lists_have_the_numbers_of_those_without(evaluated, tmp_path):
    folder, rows = evaluated
    schema = ranking_samples.SCHEMA + ranking_samples.LISTS
    ranking_samples.evaluate(tmp_path / "lists", ranking_samples.with_lists(rows), schema)
    _, wanted = run_gate(folder, tmp_path / "values", exists=1)
    _, found = run_gate(tmp_path / "lists", tmp_path / "gate", exists=1)
    assert len(found["cells"]) == 12
    assert found["cells"] == wanted["cells"]


@pytest.mark.e2e
class TestWithTheStockEvaluator:
    def test_every_number_is_exact(self, evaluated, tmp_path):
        folder, rows = evaluated
        _, gate = run_gate(folder, tmp_path, exists=1)
        cells = {(c["output"], c["scenario"]): c for c in gate["cells"]}
        assert set(cells) == {
            (output, scenario)
            for output in ranking_samples.OUTPUTS
            for scenario in ("*", "home", "all", "cart")
        }
        targets = {
            "click": (rows["is_click"], rows["w"]),
            "buy_given_click": (rows["is_buy"], rows["w"] * rows["is_click"]),
            "click_and_buy": (rows["is_click"] * rows["is_buy"], rows["w"]),
        }
        for scenario in ("*", "home", "all"):
            here = (rows["place"] == scenario.encode()) | (scenario == "*")
            for i, (output, (target, weight)) in enumerate(targets.items()):
                rows_in = here & (weight > 0)
                t, w = target[rows_in], weight[rows_in].astype(float)
                for model, slope in (("candidate", 1.0), ("baseline", 0.3)):
                    x = rows["x"][rows_in].astype(float)
                    score = 1 / (1 + np.exp(i - slope * x))
                    found = cells[output, scenario][model]
                    assert found["auc"] == pytest.approx(
                        sklearn_metrics.roc_auc_score(t, score, sample_weight=w), abs=1e-9
                    )
                    assert found["logloss"] == pytest.approx(
                        sklearn_metrics.log_loss(t, score, sample_weight=w), abs=1e-6
                    )
                    assert found["calibration"] == pytest.approx(
                        (w * score).sum() / (w * t).sum(), abs=1e-6
                    )
                    within = grouped_auc(t, score, w, rows["uid"][rows_in])
                    assert found["gauc"] == pytest.approx(within.mean, abs=1e-9)
                    assert found["ranked_users"] == within.groups
                    assert found["deciles"] == pytest.approx(
                        np.array(deciles(t.astype(float), score, w)), abs=1e-6, nan_ok=True
                    )
                    wanted = quality(t, score.astype(np.float32), w, rows["uid"][rows_in])
                    for metric in JUDGED:
                        error = standard_error_key(metric)
                        assert found[error] == pytest.approx(getattr(wanted, error), rel=1e-5)
                    assert found["auc_error"] == 0
                    assert found["positives"] == t.sum()
                    assert found["negatives"] == len(t) - t.sum()
                    assert found["weighted_positives"] == (w * t).sum()
                    assert found["weighted_negatives"] == w.sum() - (w * t).sum()

    def test_differences_are_those_of_the_rows(self, evaluated, tmp_path):
        folder, rows = evaluated
        _, gate = run_gate(folder, tmp_path, exists=1)
        x, target, weight = (rows[name].astype(np.float64) for name in ("x", "is_click", "w"))
        scores = [(1 / (1 + np.exp(-slope * x))).astype(np.float32) for slope in (1.0, 0.3)]
        for scenario in ("*", "home"):
            here = (rows["place"] == scenario.encode()) | (scenario == "*")
            columns = (target[here], *(s[here] for s in scores), weight[here], rows["uid"][here])
            wanted = paired_differences(*columns)
            (cell,) = [
                c for c in gate["cells"] if (c["output"], c["scenario"]) == ("click", scenario)
            ]
            for metric, difference in wanted.items():
                low, high = difference.interval()
                # The models rank alike: one is the other with another slope.
                assert (high > low) == (metric == "logloss")
                assert cell["intervals"][metric] == pytest.approx([low, high], abs=1e-7)
                assert cell["difference"][metric] == pytest.approx(difference.value, abs=1e-7)

    def test_a_limit_on_drops_compares_with_a_real_baseline_only(self, evaluated, tmp_path):
        # Nothing is sure enough to have risen by less than nothing but what has fallen.
        limits = {"auc_at_least": None, "calibration_between": None, "logloss_rise_at_most": 0.0}
        config = json.dumps(limits)
        for exists in (0, 1):
            _, gate = run_gate(evaluated[0], tmp_path / str(exists), exists=exists, config=config)
            for cell in gate["cells"]:
                if cell["scenario"] == "cart":
                    continue
                fallen = not exists or cell["intervals"]["logloss"][1] <= 0
                assert (cell["verdict"] == "pass") == fallen, cell["reason"]

    def test_a_scenario_without_a_row_is_insufficient(self, evaluated, tmp_path):
        blessing, gate = run_gate(evaluated[0], tmp_path, exists=1)
        cart = [c for c in gate["cells"] if c["scenario"] == "cart"]
        assert {c["verdict"] for c in cart} == {"insufficient data"}
        assert cart[0]["candidate"]["positives"] == 0
        assert cart[0]["candidate"]["auc"] is None
        # Of some scenarios the interval of AUC or calibration reaches over its limit.
        assert gate["counts"] == {"pass": 5, "fail": 0, "insufficient data": 7}
        assert blessing.get_int_custom_property("blessed") == 1
        assert (tmp_path / "blessing" / "BLESSED").exists()

    def test_a_null_baseline_is_not_shown(self, evaluated, tmp_path):
        _, gate = run_gate(evaluated[0], tmp_path, exists=0)
        assert gate["baseline"]["exists"] is False
        assert all("baseline" not in c and "difference" not in c for c in gate["cells"])

    def test_a_scenario_called_all_and_all_scenarios_have_limits_of_their_own(
        self, evaluated, tmp_path
    ):
        for scenario, other in (("all", "*"), ("*", "all")):
            config = json.dumps({"overrides": {f"click/{scenario}": {"auc_at_least": 0.99}}})
            _, gate = run_gate(evaluated[0], tmp_path / other, exists=0, config=config)
            assert [reason.split(":")[0] for reason in gate["reasons"]] == [f"click/{scenario}"]
            verdicts = {
                c["scenario"]: c["verdict"] for c in gate["cells"] if c["output"] == "click"
            }
            assert (verdicts[scenario], verdicts[other]) == ("fail", "pass")

    def test_one_failing_cell_refuses(self, evaluated, tmp_path):
        config = json.dumps({"overrides": {"click/home": {"auc_at_least": 0.99}}})
        blessing, gate = run_gate(evaluated[0], tmp_path, exists=0, config=config)
        assert (gate["format"], gate["blessed"]) == (2, False)
        assert len(gate["reasons"]) == 1
        assert gate["reasons"][0].startswith("click/home: fail: AUC 0.")
        assert blessing.get_int_custom_property("blessed") == 0
        assert (tmp_path / "blessing" / "NOT_BLESSED").exists()
        assert not (tmp_path / "blessing" / "BLESSED").exists()
