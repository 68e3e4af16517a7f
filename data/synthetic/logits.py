"""From logits to probabilities, and the hidden factor's quadrature."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NODES = 21
"""Gauss-Hermite nodes for the hidden factor."""


@dataclasses.dataclass(frozen=True)
class Logits:
    """The logits of N impressions without the hidden factor; each float64 [N].

    Attributes:
      click: of y1, a click.
      action: of y4, an action after a click.
      conversion: of y2, a conversion after a click without an action.
      acting: of y5, a conversion after a click and an action.
      unclicked: of y3, a conversion without a click; -inf where there is none.
    """

    click: Array
    action: Array
    conversion: Array
    acting: Array
    unclicked: Array


def sigmoid(logit: Array) -> Array:
    """``1 / (1 + exp(-logit))``, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logit))


def conversion_after_click(conversion: Array, acting: Array, action: Array) -> Array:
    """P(conversion | click) = ``(1 - y4) y2 + y4 y5``, from the logits of y2 and y5, and y4."""
    return (1 - action) * sigmoid(conversion) + action * sigmoid(acting)


def normal_quadrature(scale: float) -> tuple[Array, Array]:
    """Nodes and weights of ``E f(scale h)``, h ~ N(0, 1); one node where scale is 0."""
    if scale == 0:
        return np.zeros(1), np.ones(1)
    # Only numpy 2 has types for it.
    gauss: Callable[[int], tuple[Array, Array]] = np.polynomial.hermite_e.hermegauss
    nodes, weights = gauss(NODES)
    return scale * nodes, weights / weights.sum()
