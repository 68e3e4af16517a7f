"""What rounds of given times say of the budgets; the expected values are worked out by hand."""

import numpy as np
import pytest

from common.settings import SettingsError, parse
from components.model_canary.budgets import Rounds, judge
from components.model_canary.config import CanaryConfig

CONFIG = CanaryConfig(batch_rows=8, latency_requests=10, latency_ms_at_most=20)


def rounds(ratios, live=2.0, requests=10):
    """Rounds in which the candidate takes so many times the live version's milliseconds."""
    theirs = np.full((len(ratios), requests), live)
    return Rounds(theirs * np.array(ratios)[:, None], theirs)


def test_a_rounds_ratio_is_the_median_of_its_pairs():
    # Pairs of 1, 2 and 4 times: 2. The medians' ratio would be 4 / 2 = 2, then 6 / 3 = 2 and not 3.
    found = Rounds(np.array([[2.0, 4, 8], [3, 6, 9]]), np.array([[2.0, 2, 2], [1, 3, 3]]))
    np.testing.assert_allclose(found.ratios(), [2, 3], rtol=1e-12)


def test_a_rounds_p99_is_linear_between_the_largest():
    found = Rounds(np.arange(101.0)[None], None)
    assert found.p99s() == [99.0]


def test_within_both_budgets():
    found = judge(rounds([1.5] * 8), CONFIG)
    assert (found.problems, found.warnings, found.undecided) == ((), (), False)
    assert found.figures["ratio"] == pytest.approx(1.5)
    assert judge(Rounds(np.full((8, 10), 20.0), None), CONFIG).figures == {}


def test_an_excess_in_all_of_eight_rounds_is_proved():
    found = judge(rounds([2.1, 2.2, 2.3, 2.4, 2.6, 2.7, 2.8, 2.9]), CONFIG)
    assert found.problems == (
        "Requests take 2.50 times the live version's (2.10 to 2.90; median of 8 rounds of 10 "
        "requests of 8 rows, 5.00 and 2.00 ms); canary.latency_ratio_at_most is 2.0.",
    )
    assert not found.undecided
    assert found.figures["ratio_interval"] == pytest.approx([2.1, 2.9])


def test_an_excess_in_seven_of_eight_rounds_is_a_warning():
    found = judge(rounds([1.9, 2.2, 2.3, 2.4, 2.6, 2.7, 2.8, 2.9]), CONFIG)
    assert found.problems == ()
    assert found.warnings == (
        "Requests take 2.50 times the live version's (1.90 to 2.90; median of 8 rounds of 10 "
        "requests of 8 rows, 5.00 and 2.00 ms); canary.latency_ratio_at_most is 2.0. The interval "
        "reaches below that, so it is no refusal.",
    )
    assert found.undecided


def test_of_sixteen_rounds_three_and_of_twenty_four_six_may_be_within():
    for count, fewest in ((16, 3), (24, 6)):
        ratios = [1.9] * fewest + [2.5] * (count - fewest)
        assert judge(rounds(ratios), CONFIG).problems
        assert judge(rounds([1.9, *ratios[:-1]]), CONFIG).undecided


def test_a_burst_in_less_than_half_of_the_rounds_changes_nothing():
    times = np.full((8, 10), 4.0)
    times[:3] *= 100
    found = judge(Rounds(times, np.full((8, 10), 4.0)), CONFIG)
    assert found.figures["ratio"] == 1
    assert (found.problems, found.warnings) == ((), ())


def test_a_burst_on_all_requests_of_both_changes_nothing():
    load = np.random.default_rng(0).lognormal(0, 2, (8, 10))
    found = judge(Rounds(3 * load, 2 * load), CanaryConfig())
    assert found.figures == {
        "ratio": pytest.approx(1.5),
        "ratio_interval": pytest.approx([1.5, 1.5]),
    }


def test_the_absolute_budget_is_of_the_rounds_99th_percentiles():
    times = np.full((8, 101), 5.0)
    # Of 101 times the 99th percentile is the second largest.
    times[:, :2] = np.arange(21.0, 29.0)[:, None]
    found = judge(Rounds(times, None), CONFIG)
    assert found.problems == (
        "The 99th percentile is 24.50 ms (21.00 to 28.00; median of 8 rounds of 101 requests of 8 "
        "rows); canary.latency_ms_at_most is 20.0.",
    )
    times[0] = 5.0
    found = judge(Rounds(times, None), CONFIG)
    assert found.problems == () and found.undecided
    assert "(5.00 to 28.00; " in found.warnings[0]


def test_no_budget_refuses_nothing():
    config = CanaryConfig(latency_ratio_at_most=None)
    found = judge(rounds([300.0] * 8), config)
    assert (found.problems, found.warnings) == ((), ())
    assert found.figures["ratio"] == pytest.approx(300)


def test_the_looks_share_five_percent():
    assert CanaryConfig().latency_looks == [8, 8, 8]
    assert CanaryConfig().latency_alpha == 0.05 / 3
    assert CanaryConfig(latency_rounds_at_most=20).latency_looks == [8, 8, 4]
    assert CanaryConfig(latency_rounds=5, latency_rounds_at_most=5).latency_alpha == 0.05


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"latency_rounds_at_most": 7}, "latency_rounds_at_most is 7, less than latency_rounds, 8"),
        (
            {"latency_rounds": 5},
            "latency_rounds is 5; fewer than 7 rounds prove nothing in 5 looks",
        ),
        (
            {"latency_rounds": 4, "latency_rounds_at_most": 4},
            "latency_rounds is 4; fewer than 5 rounds prove nothing in 1 looks",
        ),
    ],
    ids=["fewer_at_most", "five_of_24", "four"],
)
def test_rounds_that_could_never_refuse_are_refused_themselves(values, message):
    with pytest.raises(SettingsError, match=message):
        parse(CanaryConfig, values, "canary")
