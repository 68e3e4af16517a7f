"""Intercepts that give the labels their wanted rates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.optimize

from data.synthetic.logits import (
    Array,
    Logits,
    conversion_after_click,
    normal_quadrature,
    sigmoid,
)

LARGEST = 30.0


def solve(mean: Callable[[float], float], wanted: float) -> float:
    """The b in [-30, 30] with ``mean(b) == wanted``, for a mean that rises with b.

    By Brent's method: safe as bisection, in a fifth of its steps.
    """
    return float(scipy.optimize.brentq(lambda b: mean(b) - wanted, -LARGEST, LARGEST, xtol=1e-10))


def calibrate(
    logits: Logits, rates: tuple[float, float, float, float], confounding: float
) -> tuple[float, float, float, float]:
    """The intercepts of a scenario's click, action, conversion, and conversion without a click.

    Args:
      logits: of rows that represent the scenario, without intercepts.
      rates: the means of P(click), over clicked rows of P(action) and P(conversion), and over
        the others of P(conversion); where the last is 0, its intercept is -inf.
      confounding: the weight of the hidden factor.
    """
    nodes, weights = normal_quadrature(confounding)

    def clicked(b: float) -> Array:
        return sigmoid(b + logits.click[:, None] + nodes)

    click = solve(lambda b: float((clicked(b) @ weights).mean()), rates[0])
    y1 = clicked(click)
    ctr = y1 @ weights

    def acting(a: float) -> Array:
        return sigmoid(a + logits.action)

    action = solve(lambda a: float(np.average(acting(a), weights=ctr)), rates[1])
    y4 = acting(action)[:, None]

    def converted(c: float) -> float:
        shift = c + nodes
        after_click = conversion_after_click(
            logits.conversion[:, None] + shift, logits.acting[:, None] + shift, y4
        )
        return float(((y1 * after_click) @ weights).sum() / ctr.sum())

    def without_click(d: float) -> float:
        return float(np.average(sigmoid(d + logits.unclicked), weights=1 - ctr))

    unclicked = solve(without_click, rates[3]) if rates[3] else -math.inf
    return click, action, solve(converted, rates[2]), unclicked
