"""Lines from log-odds to log-odds."""

import numpy as np
import pytest
import tensorflow as tf
from made_points import expit, made_points, most_likely_line

from models.calibration.platt import Line, Lines, PlattFit
from models.calibration.points import Points
from models.metrics.binary import weighted_auc


@pytest.mark.parametrize(("rows", "slope", "offset"), [(4_000, 0.6, -0.7), (60, 1.5, 1.0)])
def test_the_line_is_the_most_likely_one(rows, slope, offset):
    points = made_points(rows, slope, offset, seed=3)
    found = PlattFit(points).pooled
    wanted = most_likely_line(points)
    assert (found.slope, found.offset) == pytest.approx(wanted, abs=1e-5)
    if rows == 4_000:
        assert (found.slope, found.offset) == pytest.approx((slope, offset), abs=0.15)


def test_rows_that_a_threshold_separates_have_a_line_too():
    log_odds = np.repeat([-2.0, -1.0, 1.0, 2.0], 5)
    points = Points(log_odds, log_odds > 0, np.ones(20))
    found = PlattFit(points).pooled
    # By symmetry through 0; P(positive) there is 11/12 on average over z = 1 and 2.
    assert found.offset == pytest.approx(0, abs=1e-6)
    assert (found.slope, 0) == pytest.approx(most_likely_line(points), abs=1e-5)
    residual = expit(found.slope * points.log_odds) - np.repeat([1 / 12, 11 / 12], 10)
    assert points.log_odds @ residual == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("positives", "own"), [(1, False), (9, False), (10, True)])
def test_a_slope_needs_ten_rows_of_the_rarer_class(positives, own):
    """The most likely line through a few rows that are close together is very steep."""
    log_odds = np.r_[np.linspace(-0.95, -0.9, positives), np.linspace(-1.0, -0.96, 30)]
    few = Points(log_odds, np.arange(len(log_odds)) < positives, np.ones(len(log_odds)))
    steep = most_likely_line(few)[0]
    assert steep > 30
    fit = PlattFit(made_points(4_000, 0.5, seed=1))
    found = fit.own(few)
    assert found.slope == (pytest.approx(steep, rel=1e-5) if own else fit.pooled.slope)
    target = (positives * (positives + 1) / (positives + 2) + 30 / 32) / len(log_odds)
    chance = expit(found.slope * log_odds + found.offset)
    assert chance.mean() == pytest.approx(target, abs=1e-7)


def test_an_offset_is_found_however_steep_the_pooled_line_is():
    log_odds = np.repeat([-0.01, 0.01], 20)
    fit = PlattFit(Points(log_odds, log_odds > 0, np.ones(40)))
    assert fit.pooled.slope == pytest.approx(100 * np.log(21), rel=1e-6)
    far = Points(np.array([-9.0, -9.0, -8.0]), np.array([True, False, False]), np.ones(3))
    found = fit.own(far)
    chance = expit(found.slope * far.log_odds + found.offset)
    assert found.slope == fit.pooled.slope
    assert chance.mean() == pytest.approx((2 / 3 + 2 / 4) / 3, abs=1e-9)


def test_a_line_that_would_fall_has_the_pooled_slope_and_its_own_offset():
    pooled = made_points(2_000, 0.8, 0.3, seed=1)
    wrong = made_points(500, -1.0, -2.0, seed=2)
    fit = PlattFit(pooled)
    assert most_likely_line(wrong)[0] < 0
    found = fit.own(wrong)
    assert found.slope == fit.pooled.slope > 0
    ones, zeros = wrong.positives, wrong.negatives
    target = np.where(wrong.positive, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    chance = expit(found.slope * wrong.log_odds + found.offset)
    assert wrong.weight @ chance == pytest.approx(wrong.weight @ target, rel=1e-8)
    assert PlattFit(wrong).pooled.slope == 1.0


def test_rows_that_are_alike_have_an_offset():
    positive = np.array([1, 0, 0, 0, 0, 0, 0, 0], bool)
    weight = np.array([3.0, 1, 1, 1, 1, 1, 1, 1])
    line = PlattFit(Points(np.full(8, -1.5), positive, weight)).pooled
    rate = (3 * (2 / 3) + 7 * (1 / 9)) / 10
    assert line.slope == 1.0
    assert expit(-1.5 + line.offset) == pytest.approx(rate, abs=1e-9)


def test_a_blend_of_lines_is_the_blend_of_their_values():
    own, pooled = Line(2.0, -1.0), Line(1.0, 0.5)
    assert own.toward(pooled, 0.25) == Line(1.25, 0.125)
    assert own.toward(pooled, 0.0) == pooled and own.toward(pooled, 1.0) == own


def test_a_graph_maps_every_row_by_its_scenario_and_keeps_their_order():
    lines = [Line(0.5, -1.0), Line(1.7, 0.25), Line(1.0, 0.0)]
    points = made_points(900, seed=4)
    scenario = np.random.default_rng(5).integers(0, 3, 900)
    log_odds = points.log_odds.astype(np.float32)
    found = Lines(lines)(tf.constant(log_odds), tf.constant(scenario)).numpy()
    slopes, offsets = np.array([0.5, 1.7, 1.0]), np.array([-1.0, 0.25, 0.0])
    np.testing.assert_allclose(found, slopes[scenario] * log_odds + offsets[scenario], atol=1e-6)
    np.testing.assert_array_equal(found[scenario == 2], log_odds[scenario == 2])
    for k in range(3):
        rows = scenario == k
        auc = weighted_auc(points.positive[rows], log_odds[rows], points.weight[rows])
        assert weighted_auc(points.positive[rows], found[rows], points.weight[rows]) == auc
