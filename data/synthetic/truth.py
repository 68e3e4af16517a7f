"""The Bayes-optimal probabilities of impressions."""

from __future__ import annotations

import numpy as np

from data.synthetic.columns import TRUTH
from data.synthetic.logits import (
    Array,
    Logits,
    conversion_after_click,
    normal_quadrature,
    sigmoid,
)


def true_probabilities(logits: Logits, confounding: float) -> dict[str, Array]:
    """Integrates the hidden factor out (Gauss-Hermite, 21 nodes).

    The identities are AEM2TL's (TKDE 2025, eq. 15-21): ctavr = y1 y4,
    cvr = (1 - y4) y2 + y4 y5, ctcvr = y1 cvr, xcvr = ctcvr + (1 - y1) y3.

    Args:
      logits: of N impressions.
      confounding: rho, the hidden factor's weight.

    Returns:
      For each name of TRUTH float64 [N]. `true_cvr` is over the entire space (were
      every impression clicked), `true_cvr_clicked` over the clicked rows; the two are
      equal without confounding.
    """
    ctr = np.zeros_like(logits.click)
    cvr, ctcvr = np.zeros_like(ctr), np.zeros_like(ctr)
    y4 = sigmoid(logits.action)
    for node, weight in zip(*normal_quadrature(confounding), strict=True):
        y1 = weight * sigmoid(logits.click + node)
        converted = conversion_after_click(logits.conversion + node, logits.acting + node, y4)
        ctr += y1
        cvr += weight * converted
        ctcvr += y1 * converted
    xcvr = ctcvr + (1 - ctr) * sigmoid(logits.unclicked)
    return dict(zip(TRUTH, (ctr, ctr * y4, cvr, ctcvr / ctr, ctcvr, xcvr), strict=True))
