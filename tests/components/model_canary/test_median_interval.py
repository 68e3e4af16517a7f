"""Order statistics, with binomial probabilities worked out by hand."""

import numpy as np
import pytest

from components.model_canary.median_interval import median_interval

VALUES = [5.0, 1.0, 7.0, 3.0, 8.0, 2.0, 6.0, 4.0]
"""1 to 8."""


@pytest.mark.parametrize(
    ("alpha", "low", "high"),
    [
        # P(Binomial(8, 1/2) <= 0) = 1/256, <= 1 9/256, <= 2 37/256, <= 3 93/256.
        (0.99 / 256, -np.inf, np.inf),
        (1 / 256, 1, 8),
        (0.05 / 3, 1, 8),
        (8.99 / 256, 1, 8),
        (9 / 256, 2, 7),
        (37 / 256, 3, 6),
        (93 / 256, 4, 5),
    ],
    ids=lambda value: f"{value:.5g}",
)
def test_eight_values(alpha, low, high):
    assert median_interval(VALUES, alpha) == (4.5, low, high)


def test_sixteen_and_twenty_four_values():
    # 1 + 16 + 120 + 560 = 697 of 65,536 is 1.06 %; with 1,820 more it is 3.8 %.
    assert median_interval(np.arange(16), 0.05 / 3) == (7.5, 3, 12)
    # 1 + 24 + 276 + 2,024 + 10,626 + 42,504 + 134,596 = 190,051 of 2^24 is 1.13 %.
    assert median_interval(np.arange(24), 0.05 / 3) == (11.5, 6, 17)


def test_one_value_proves_nothing():
    assert median_interval([3.0], 0.05) == (3.0, -np.inf, np.inf)


def test_the_lower_end_errs_as_often_as_it_may_whatever_the_distribution():
    random = np.random.default_rng(0)
    heavy_tailed = random.standard_cauchy((20_000, 8))
    errs = np.mean([median_interval(values, 9 / 256).low > 0 for values in heavy_tailed])
    # Its standard error is .0013.
    assert errs == pytest.approx(9 / 256, abs=0.005)
