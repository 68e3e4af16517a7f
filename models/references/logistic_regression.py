"""L2-regularised logistic regression on one-hot fields and z-scored numbers."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import scipy.sparse
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

from models.metrics.binary import weighted_log_loss
from models.references.table import Table

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse regularisation strengths C tried on validation, from strong to weak."""
_ITERATIONS = 60


@dataclasses.dataclass(frozen=True)
class LogisticRegression:
    """A fitted model.

    Attributes:
      strength: the inverse regularisation strength C chosen on validation.
      weights: one for each one-hot position, then one for each number.
      bias: the intercept; not regularised.
    """

    strength: float
    weights: np.ndarray
    bias: float

    def scores(self, table: Table) -> np.ndarray:
        """Returns the probabilities, [N]."""
        return 1 / (1 + np.exp(-(design(table) @ self.weights + self.bias)))


def design(table: Table) -> scipy.sparse.csr_matrix:
    """Returns the design matrix: a one for each field's value, then the numbers.

    Returns:
      float64 [N, sum of the fields' sizes + M].
    """
    rows, fields = table.fields.shape
    first = np.concatenate([[0], np.cumsum(table.sizes)]).astype(np.int64)
    one_hot = scipy.sparse.csr_matrix(
        (
            np.ones(rows * fields),
            (table.fields + first[:-1]).ravel(),
            np.arange(0, rows * fields + 1, fields) if fields else np.zeros(rows + 1, np.int64),
        ),
        shape=(rows, int(first[-1])),
    )
    numeric = scipy.sparse.csr_matrix(table.numeric.astype(np.float64))
    return scipy.sparse.hstack([one_hot, numeric], format="csr")


def tune_logistic_regression(train: Table, validation: Table) -> LogisticRegression:
    """Fits with growing STRENGTHS while validation's log loss falls; returns the best fit.

    Each fit starts from the one before it.

    Args:
      train: must hold both classes.
      validation: the rows that choose the strength.
    """
    features = design(train)
    best: LogisticRegression | None = None
    best_loss = np.inf
    fit = linear_model.LogisticRegression(warm_start=True, max_iter=_ITERATIONS, solver="lbfgs")
    for strength in STRENGTHS:
        fit.set_params(C=strength)
        with warnings.catch_warnings():
            # A fit that stopped early is a reference all the same: validation judges it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit.fit(features, train.target, sample_weight=train.weight)
        found = LogisticRegression(strength, fit.coef_[0].copy(), float(fit.intercept_[0]))
        scores = found.scores(validation)
        loss = weighted_log_loss(validation.target, scores, validation.weight)
        if loss >= best_loss:
            break
        best, best_loss = found, loss
    assert best is not None
    return best
