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
      counts: field -> how often each value stands in the train split, int [size]; None for
        n = 1. A value that never does counts as one.
    """

    def __init__(self, weight: float, counts: Mapping[str, np.ndarray] | None = None) -> None:
        self._weight = weight
        # Variables: constants of the graph would be in it again for every traced function.
        self._shares = {
            field: tf.Variable(1.0 / np.maximum(values, 1), trainable=False, dtype=tf.float32)
            for field, values in (counts or {}).items()
        }

    def __bool__(self) -> bool:
        """Whether there is a loss at all."""
        return self._weight > 0

    def __call__(self, field: str, indices: tf.Tensor, looked_up: tf.Tensor) -> tf.Tensor:
        """Returns the loss of every row, float32 [B].

        Args:
          field: the field's column.
          indices: its values, int [B].
          looked_up: the table's rows at them, [B, width].
        """
        squares = tf.reduce_sum(looked_up**2, axis=1)
        if field in self._shares:
            squares *= tf.gather(self._shares[field], indices)
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
