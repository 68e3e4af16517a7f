"""Gains from other scenarios' rows, by hand."""

import math

import pytest
import scipy.stats
from made_transfer import JOINT, SCENARIOS, alone, matrix, without
from made_trials import result

from cli.compare.summary import MEAN
from cli.compare.transfer.matrix import transfer_matrix


@pytest.fixture(scope="module")
def found():
    return matrix([0.69, 0.69, 0.71], [0.62, 0.61, 0.63])


def test_a_gain_is_the_joint_auc_less_that_without_the_rows(found):
    gain = found.gain("click", "home", "cart")
    assert gain.values == pytest.approx({0: 0.02, 1: 0.01, 2: 0.01})
    # Standard deviation .01 / sqrt(3), over sqrt(3) seeds; Student's t with two degrees.
    half = scipy.stats.t.ppf(0.975, 2) * 0.01 / 3
    assert gain.interval == pytest.approx((0.04 / 3, half, 3))
    assert gain.kind == "other" and gain.tested
    loss = found.gain("click", "cart", "home")
    assert loss.interval.mean == pytest.approx(-0.004)


def test_own_rows_and_all_others_have_kinds_of_their_own(found):
    assert found.gain("click", "home", "home").kind == "itself"
    assert found.gain("click", "home", "home").interval.mean == pytest.approx(0.101)
    over_alone = found.gain("click", "home", "")
    assert over_alone.kind == "others"
    assert over_alone.values == pytest.approx({0: 0.01, 1: 0.02, 2: 0.01})
    assert found.gain("click", "cart", "").interval.mean == pytest.approx(-0.02)
    # No trial left tiny out or was trained on it alone.
    assert found.gain("click", "home", "tiny") is None
    assert found.gain("click", "tiny", "") is None


def test_families_are_adjusted_each_by_itself_and_few_rows_are_not_tested(found):
    gain, loss = found.gain("click", "home", "cart"), found.gain("click", "cart", "home")
    # The p of differences .02, .01, .01: t = 4 with two degrees; of .003, .004, .005: 4 sqrt(3).
    p = [2 * scipy.stats.t.sf(t, 2) for t in (4.0, 4 * math.sqrt(3))]
    assert [gain.difference.p, loss.difference.p] == pytest.approx(p)
    # tiny's two gains are not among the tests.
    assert loss.p_holm == pytest.approx(2 * p[1])
    assert gain.p_holm == pytest.approx(max(p[0], 2 * p[1]))
    tiny = found.gain("click", "tiny", "home")
    assert not tiny.tested and math.isnan(tiny.p_holm) and tiny.sign == 0


def test_the_mean_is_over_outputs_with_enough_rows(found):
    assert found.outputs == (MEAN, "click")
    # Click is the only output, and is not enough for tiny.
    assert found.gain(MEAN, "home", "cart").values == found.gain("click", "home", "cart").values
    assert math.isnan(found.gain(MEAN, "tiny", "home").interval.mean)
    assert found.joint["click", "home"].mean == pytest.approx(0.71)
    assert found.joint["click", "tiny"].mean == pytest.approx(0.9)
    assert found.seeds == (0, 1, 2)


def test_failed_trials_leave_their_pairs_out():
    trials = {
        JOINT: {0: result("mmoe", 0, 0.7, 0.6), 2: result("mmoe", 2, 0.71, 0.6)},
        without("cart"): {1: result("mmoe", 1, 0.69, 0.6), 2: result("mmoe", 2, 0.69, 0.6)},
        alone("home"): {1: result("mmoe", 1, 0.5, 0.5)},
    }
    found = transfer_matrix(trials, SCENARIOS)
    gain = found.gain("click", "home", "cart")
    assert gain.values == pytest.approx({2: 0.02})
    assert gain.interval.seeds == 1 and math.isnan(gain.interval.half) and gain.sign == 0
    assert found.gain("click", "home", "").values == {}


def test_a_seesaw_is_significant_in_both_ways():
    found = matrix([0.65, 0.661, 0.67], [0.7, 0.7001, 0.6999])
    assert found.gain("click", "home", "").sign == 1
    assert found.gain("click", "cart", "").sign == -1
