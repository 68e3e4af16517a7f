import math

import pytest

from models.metrics.significance import holm, mean_interval, paired_difference


def test_an_interval_is_students_t():
    # sd = sqrt(2.5), t(0.975; 4) = 2.776445105
    found = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.mean, found.seeds) == (3.0, 5)
    assert found.half == pytest.approx(2.776445105 * math.sqrt(2.5 / 5), abs=1e-8)


def test_two_values_have_the_wide_interval_of_one_degree_of_freedom():
    # sd / sqrt(2) = 0.1, t(0.975; 1) = tan(0.475 pi)
    assert mean_interval([0.6, 0.8]).half == pytest.approx(0.1 * math.tan(0.475 * math.pi))


def test_one_value_has_no_interval_and_nan_does_not_count():
    found = mean_interval([0.7, math.nan])
    assert found.mean == 0.7 and math.isnan(found.half) and found.seeds == 1
    assert math.isnan(mean_interval([]).mean)


def test_differences_are_paired_by_seed():
    model = {0: 0.52, 1: 0.64, 2: 0.76, 9: 0.1}
    baseline = {2: 0.73, 1: 0.62, 0: 0.51, 7: 0.9}
    found = paired_difference(model, baseline)
    assert found.interval.mean == pytest.approx(0.02)
    assert found.interval.seeds == 3
    # t = 0.02 / (0.01 / sqrt(3)) = 2 sqrt(3); with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2)
    assert found.p == pytest.approx(1 - math.sqrt(12) / math.sqrt(14), abs=1e-9)


def test_equal_models_and_single_seeds_show_no_difference():
    assert paired_difference({0: 0.5, 1: 0.6}, {0: 0.5, 1: 0.6}).p == 1.0
    alone = paired_difference({0: 0.5}, {0: 0.4})
    assert alone.interval.mean == pytest.approx(0.1) and math.isnan(alone.p)


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        # n times the smallest, n - 1 times the next, never below a smaller one's.
        ({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.9}, {"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.9}),
        ({"a": 0.5, "b": 0.001, "c": 0.9}, {"a": 1.0, "b": 0.003, "c": 1.0}),
        ({1: 0.02, 0: 0.02}, {1: 0.04, 0: 0.04}),
        ({}, {}),
    ],
)
def test_holm_is_the_hand_calculation_in_the_order_given(p_values, expected):
    found = holm(p_values)
    assert found == pytest.approx(expected) and list(found) == list(p_values)


def test_holm_leaves_out_what_was_not_tested():
    found = holm({"a": math.nan, "b": 0.02, "c": math.nan, "d": 0.03})
    assert [found["b"], found["d"]] == pytest.approx([0.04, 0.04])
    assert math.isnan(found["a"]) and math.isnan(found["c"])
