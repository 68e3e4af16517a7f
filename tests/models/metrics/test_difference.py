"""Intervals and one-sided tests of a difference, and many of them at once."""

import math

import pytest
import scipy.stats

from models.metrics.difference import UNKNOWN, Difference


def test_the_interval_is_normal() -> None:
    low, high = Difference(-0.01, 0.002).interval()
    assert (low, high) == pytest.approx((-0.01 - 1.959964 * 0.002, -0.01 + 1.959964 * 0.002))


@pytest.mark.parametrize("draws", [2, 10, 1000])
def test_few_draws_have_students_quantile(draws: int) -> None:
    found = Difference(-0.01, 0.002, draws)
    half = scipy.stats.t(draws - 1).ppf(0.975) * 0.002
    assert found.interval() == pytest.approx((-0.01 - half, -0.01 + half))
    assert found.p_below(-0.01 + half) == pytest.approx(0.025)


def test_one_draw_says_nothing() -> None:
    found = Difference(-0.01, 0.0, 1)
    assert not found.known
    assert found.p_below(0.0) == 1.0
    assert math.isnan(found.interval()[0])


def test_p_below_is_one_sided() -> None:
    found = Difference(-0.01, 0.002).p_below(-0.004)
    assert found == pytest.approx(scipy.stats.norm.cdf(-3.0))
    assert Difference(-0.01, 0.002).p_below(-0.01) == pytest.approx(0.5)


@pytest.mark.parametrize(("limit", "wanted"), [(-0.1, 1.0), (0.1, 0.0)])
def test_models_that_score_alike_leave_no_doubt(limit: float, wanted: float) -> None:
    assert Difference(0.0, 0.0).p_below(limit) == wanted


def test_nothing_is_proved_by_what_is_unknown() -> None:
    assert UNKNOWN.p_below(1.0) == 1.0
    assert not Difference(0.1, math.nan).known
