"""The L2 loss on what rows look up in tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf


class LookupL2:
    """``weight * ||E||^2 / n`` of every looked-up row E of a table: a loss of rows, [B].

    Without counts n = 1: a table's row is held back as often as it is looked up, so that a
    seldom value keeps as large a share of its noise as a frequent one. With counts n is how
    often the value stands in the train split. The mean over the N rows of an epoch is then
    ``weight / N * sum_v ||E_v||^2`` over the values v: a Gaussian prior, or ridge penalty,
    which holds a value back the more the less is known of it (the mini-batch aware
    regularisation of DIN, Zhou et al., KDD 2018, eq. 5 and 6). Either way only the rows that
    a batch looks up have a gradient.

    It is no layer: the counts are of the training's data and no part of the model.

    Args:
      weight: of the loss; 0 for none.
      counts: field -> how often each value stands in the train split, int [size], or in the rows
        of every scenario, int [K, size]; None for n = 1. A value that never does counts as one.
    """

    def __init__(self, weight: float, counts: Mapping[str, np.ndarray] | None = None) -> None:
        self._weight = weight
        # Variables: constants of the graph would be in it again for every traced function.
        self._shares = {
            field: _shares(values if values.ndim == 1 else values.sum(axis=0))
            for field, values in (counts or {}).items()
        }
        self._shares_by_scenario = {
            field: _shares(values.reshape(-1))
            for field, values in (counts or {}).items()
            if values.ndim == 2
        }

    def __bool__(self) -> bool:
        """Whether there is a loss at all."""
        return self._weight > 0

    def use_counts_of(self, other: LookupL2) -> None:
        """Takes the counts of another one, without a copy of them."""
        self._shares = other._shares
        self._shares_by_scenario = other._shares_by_scenario

    def __call__(
        self, field: str, indices: tf.Tensor, looked_up: tf.Tensor, by_scenario: bool = False
    ) -> tf.Tensor:
        """Returns the loss of every row, float32 [B].

        Args:
          field: the field's column.
          indices: its values, int [B]; `scenario * size + value` where the table is of scenarios.
          looked_up: the table's rows at them, [B, width].
          by_scenario: whether every scenario has a table of its own, so that n counts the rows of
            that scenario.

        Raises:
          ValueError: the table is of scenarios and the counts are not.
        """
        squares = tf.reduce_sum(looked_up**2, axis=1)
        if field in self._shares:
            if by_scenario and field not in self._shares_by_scenario:
                raise ValueError(
                    f"the counts of '{field}' are not by scenario; return True from "
                    "`counts_by_scenario` of the model's config"
                )
            shares = self._shares_by_scenario if by_scenario else self._shares
            squares *= tf.gather(shares[field], indices)
        return self._weight * squares

    def of_lists(self, looked_up: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Returns the loss of every row's list, float32 [B]: the sum over its values.

        With counts it is zero: they are those of fields, whose look-ups hold every value back by
        its due share already. A table of a list's own, and a value that no field ever has, are
        then not held back.

        Args:
          looked_up: the table's rows at the list's values, [B, L, width].
          mask: where there is a value, bool [B, L].
        """
        if self._shares:
            return tf.zeros(tf.shape(mask)[:1])
        squares = tf.reduce_sum(looked_up**2, axis=2)
        return self._weight * tf.reduce_sum(tf.where(mask, squares, 0.0), axis=1)


def _shares(counts: np.ndarray) -> tf.Variable:
    return tf.Variable(1.0 / np.maximum(counts, 1), trainable=False, dtype=tf.float32)
