"""Curves of scenarios, shrunk to the one of all."""

import numpy as np
import pytest
import tensorflow as tf
from made_points import made_points, most_likely_line

from models.calibration.fitting import METHODS, fit_output
from models.calibration.points import Points

NAMES = ("large", "small", "one class", "empty")


def points_of_scenarios():
    """1,500 rows, 12 positives among 40, 30 negatives, and no row."""
    large, small = made_points(1_500, 0.7, -0.4, seed=1), made_points(200, 1.0, 1.0, seed=2)
    chosen = np.r_[np.flatnonzero(small.positive)[:12], np.flatnonzero(~small.positive)[:28]]
    small, none = small.where(chosen), made_points(30, seed=3)
    parts = [large, small, Points(none.log_odds, np.zeros(30, bool), none.weight)]
    whole = Points(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("log_odds", "positive", "weight")
        )
    )
    return whole, np.repeat([0, 1, 2], [1_500, 40, 30])


@pytest.mark.parametrize("method", METHODS)
def test_few_rows_count_little_and_one_class_nothing(method):
    points, scenario = points_of_scenarios()
    curves, facts = fit_output(method, 50, points, scenario, NAMES)
    large = points.where(scenario == 0)
    assert facts["large"]["weight"] == large.rarer / (large.rarer + 50) > 0.8
    assert facts["small"]["weight"] == 12 / 62
    assert (facts["small"]["positives"], facts["small"]["negatives"]) == (12, 28)
    assert facts["*"]["positives"] == points.positives and facts["*"]["weight"] == 1
    parameters = [key for key in facts["*"] if key not in ("positives", "negatives", "weight")]
    for name in ("one class", "empty"):
        assert facts[name]["weight"] == 0
        assert {x: facts[name][x] for x in parameters} == {x: facts["*"][x] for x in parameters}
    log_odds = np.linspace(-6, 4, 50).astype(np.float32)
    by_scenario = [
        curves(tf.constant(log_odds), tf.fill([50], k)).numpy().astype(float) for k in range(4)
    ]
    np.testing.assert_array_equal(by_scenario[2], by_scenario[3])
    fit = METHODS[method](points)
    own = fit.own(points.where(scenario == 1))
    if method == "platt":
        assert (fit.pooled.slope, fit.pooled.offset) == pytest.approx(
            most_likely_line(points), abs=1e-5
        )
        slope, offset = most_likely_line(points.where(scenario == 1))
        of_own = slope * log_odds + offset
        of_pool = fit.pooled.slope * log_odds + fit.pooled.offset
    else:
        knots = fit.pooled.knots

        def curve(values):
            inside = np.interp(log_odds, knots, values)
            return inside + log_odds - np.clip(log_odds, knots[0], knots[-1])

        of_own, of_pool = curve(own.at(knots)), curve(fit.pooled.values)
    np.testing.assert_allclose(by_scenario[1], (12 * of_own + 50 * of_pool) / 62, atol=2e-5)
    np.testing.assert_allclose(by_scenario[3], of_pool, atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_without_shrinkage_a_scenario_has_its_own_curve(method):
    points, scenario = points_of_scenarios()
    _, facts = fit_output(method, 0, points, scenario, NAMES)
    assert [facts[name]["weight"] for name in NAMES] == [1, 1, 0, 0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("positive", [True, False])
def test_an_output_of_one_class_is_left_alone(method, positive):
    points = made_points(20)
    alike = Points(points.log_odds, np.full(20, positive), points.weight)
    assert fit_output(method, 50, alike, np.zeros(20, int), ["all"]) is None
    nothing = alike.where(np.zeros(20, bool))
    assert fit_output(method, 50, nothing, np.zeros(0, int), ["all"]) is None


@pytest.mark.parametrize("method", METHODS)
def test_calibrated_rates_are_the_logged_ones(method):
    """Of scores that say twice and half of what happens, scenario by scenario."""
    offsets = (-0.7, 0.7)
    parts = [made_points(4_000, 1.0, offset, seed=8 + k) for k, offset in enumerate(offsets)]
    points = Points(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("log_odds", "positive", "weight")
        )
    )
    scenario = np.repeat([0, 1], 4_000)
    curves, _ = fit_output(method, 50, points, scenario, ("a", "b"))
    found = curves(tf.constant(points.log_odds.astype(np.float32)), tf.constant(scenario))
    chance = tf.sigmoid(found).numpy()
    for k, part in enumerate(parts):
        before = (1 / (1 + np.exp(-part.log_odds))) @ part.weight / (part.positive @ part.weight)
        after = chance[scenario == k] @ part.weight / (part.positive @ part.weight)
        assert abs(before - 1) > 0.2 and after == pytest.approx(1, abs=0.03)
