"""Rising curves of straight pieces."""

import numpy as np
import pytest
import tensorflow as tf
from made_points import made_points

from models.calibration.isotonic import KNOTS, IsotonicFit, PiecewiseCurve, PiecewiseCurves
from models.calibration.points import Points
from models.metrics.binary import weighted_auc


def logit(rate):
    return np.log(rate / (1 - rate))


def pool_adjacent_violators(rates, weights):
    """Blocks of rising means: their first positions and rates."""
    blocks = []
    for position, (rate, weight) in enumerate(zip(rates, weights, strict=True)):
        blocks.append([position, rate, weight])
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            _, rate, weight = blocks.pop()
            last = blocks[-1]
            last[1] = (last[1] * last[2] + rate * weight) / (last[2] + weight)
            last[2] += weight
    return [block[0] for block in blocks], [block[1] for block in blocks]


def test_a_curve_by_hand():
    log_odds = np.repeat([-3.0, -1.0, 0.0, 2.0], 40)
    positive = np.concatenate([np.arange(40) < count for count in (0, 20, 10, 30)])
    weight = np.ones(160)
    found = IsotonicFit(Points(log_odds, positive, weight)).own(Points(log_odds, positive, weight))
    # Each bin has one row of the base rate, 3/8, more; the two in the middle fall and are one.
    rates = [0.375 / 41, (30 + 2 * 0.375) / 82, 30.375 / 41]
    np.testing.assert_allclose(found.knots, [-3.0, -0.5, 2.0], atol=1e-12)
    np.testing.assert_allclose(found.values, logit(np.array(rates)), atol=1e-12)
    between = (found.values[0] + found.values[1]) / 2
    np.testing.assert_allclose(
        found.at(np.array([-1.75, -5.0, 3.5])),
        [between, found.values[0] - 2.0, found.values[2] + 1.5],
        atol=1e-12,
    )


def test_bins_have_equally_much_weight_and_adjacent_violators_are_pooled():
    points = made_points(3_000, 0.4, -0.5, seed=2)
    found = IsotonicFit(points).own(points)
    order = np.argsort(points.log_odds)
    z, y, w = points.log_odds[order], points.positive[order], points.weight[order]
    middles = np.cumsum(w) - w / 2
    bins = np.floor(KNOTS * middles / w.sum()).astype(int)
    assert len(np.unique(bins)) == KNOTS
    row, base_rate = w.mean(), (w @ y) / w.sum()
    totals = np.array([w[bins == b].sum() for b in range(KNOTS)])
    assert np.ptp(totals) <= 2 * w.max()
    means = np.array([w[bins == b] @ z[bins == b] for b in range(KNOTS)]) / totals
    rates = np.array([w[bins == b] @ y[bins == b] + row * base_rate for b in range(KNOTS)])
    rates /= totals + row
    starts, wanted = pool_adjacent_violators(rates, totals + row)
    np.testing.assert_allclose(found.values, logit(np.array(wanted)), atol=1e-9)
    ends = [*starts[1:], KNOTS]
    centres = [
        np.average(means[a:b], weights=totals[a:b] + row) for a, b in zip(starts, ends, strict=True)
    ]
    np.testing.assert_allclose(found.knots, centres, atol=1e-9)


def test_a_bin_has_ten_rows_of_the_rarer_class():
    points = made_points(400, seed=9, weighted=False)
    chosen = np.r_[np.flatnonzero(points.positive)[:39], np.flatnonzero(~points.positive)[2:]]
    three = points.where(chosen)
    order = np.argsort(three.log_odds)
    third = np.array_split(three.log_odds[order], 3)
    assert len(three) % 3 == 0
    np.testing.assert_allclose(
        IsotonicFit(three).pooled.knots, [part.mean() for part in third], atol=1e-9
    )
    assert len(IsotonicFit(points.where(chosen[20:])).pooled.knots) == 1


def test_bins_that_differ_by_rounding_are_one():
    """Else a piece of the curve would be narrower than float32 can say."""
    random = np.random.default_rng(3)
    log_odds = np.r_[np.full(600, -1.0), np.full(600, -0.5)].astype(np.float32)
    log_odds += random.normal(0, 1e-6, 1_200).astype(np.float32)
    positive = random.random(1_200) < np.repeat([0.2, 0.5], 600)
    points = Points(log_odds.astype(np.float64), positive, np.ones(1_200))
    found = IsotonicFit(points).pooled
    np.testing.assert_allclose(found.knots, [-1.0, -0.5], atol=1e-6)
    base_rate = positive.mean()
    rates = (positive.reshape(2, 600).sum(axis=1) + base_rate) / 601
    np.testing.assert_allclose(found.values, logit(rates), atol=1e-9)
    in_graph = PiecewiseCurves([found])(tf.constant(log_odds), tf.zeros(1_200, tf.int32))
    np.testing.assert_allclose(in_graph, np.repeat(logit(rates), 600), atol=2e-5)


def test_rates_that_fall_everywhere_leave_an_offset():
    positive = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    log_odds = np.arange(8.0)
    found = IsotonicFit(Points(log_odds, positive, np.ones(8))).pooled
    moved = found.at(np.array([-4.0, 3.5, 9.0]))
    np.testing.assert_allclose(moved, np.array([-7.5, 0.0, 5.5]) + logit(3 / 8), atol=1e-9)


def test_a_blend_is_that_of_the_values_at_the_pooled_knots():
    pooled = PiecewiseCurve(np.array([-2.0, 0.0, 2.0]), np.array([-3.0, -1.0, 2.0]))
    own = PiecewiseCurve(np.array([-1.0, 1.0]), np.array([0.0, 4.0]))
    found = own.toward(pooled, 0.25)
    np.testing.assert_array_equal(found.knots, pooled.knots)
    np.testing.assert_allclose(
        found.values, [0.25 * -1 + 0.75 * -3, 0.25 * 2 + 0.75 * -1, 0.25 * 5 + 0.75 * 2]
    )


@pytest.mark.parametrize("jit", [False, True])
def test_a_graph_follows_the_curves_and_keeps_the_order_of_rows(jit):
    pooled = IsotonicFit(made_points(3_000, 0.4, -0.5, seed=2))
    own = [made_points(400, 1.2, 0.3, seed=3), made_points(90, 0.9, -1.0, seed=4)]
    curves = [pooled.own(points).toward(pooled.pooled, 0.6) for points in own]
    points = made_points(2_000, seed=6)
    log_odds = np.concatenate([points.log_odds[:-4], [-30, -12, 9, 40]]).astype(np.float32)
    scenario = np.random.default_rng(7).integers(0, 2, 2_000)
    graph = tf.function(PiecewiseCurves(curves), jit_compile=jit)
    found = graph(tf.constant(log_odds), tf.constant(scenario)).numpy()
    for k, curve in enumerate(curves):
        rows = scenario == k
        np.testing.assert_allclose(found[rows], curve.at(log_odds[rows]), rtol=1e-5, atol=1e-5)
        order = np.argsort(log_odds[rows], kind="stable")
        assert (np.diff(found[rows][order]) >= 0).all()
        auc = weighted_auc(points.positive[rows], log_odds[rows], points.weight[rows])
        calibrated = weighted_auc(points.positive[rows], found[rows], points.weight[rows])
        assert calibrated == pytest.approx(auc, abs=1e-6)


def test_a_curve_of_one_knot_is_an_offset_in_a_graph():
    curves = PiecewiseCurves([PiecewiseCurve(np.array([0.5]), np.array([-1.0]))])
    found = curves(tf.constant([-2.0, 0.5, 3.0]), tf.constant([0, 0, 0]))
    np.testing.assert_allclose(found.numpy(), [-3.5, -1.0, 1.5])
