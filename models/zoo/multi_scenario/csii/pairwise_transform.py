"""Learned transforms of the fields of one scenario into another."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.csii.field_columns import FieldColumns


class PairwiseTransform(keras.layers.Layer):
    """``psi_{s,t,p}``: carries field p of a row of scenario s to every scenario t.

        diagonal   psi(v) = scale[s,t,p] * v + shift[s,t,p]           scale 1, shift 0 at first
        low_rank   psi(v) = v + sum_j up[s,t,p,j] (down[s,t,p,j] . v)          up 0 at first

    so both begin as the identity, and ``psi_{s,s}`` and the numbers' columns remain it.
    A row's transforms are selected by a product with its one-hot scenario: a row costs K
    transforms, not K^2. The parameters are 2 K^2 P e (diagonal) or 2 K^2 P e r (low rank);
    full matrices would be K^2 P e^2.

    Args:
      scenarios: K.
      columns: the fields' columns.
      kind: `diagonal` or `low_rank`.
      rank: r of `low_rank`.
    """

    def __init__(
        self,
        scenarios: int,
        columns: FieldColumns,
        kind: Literal["diagonal", "low_rank"],
        rank: int,
        name: str = "transform",
    ) -> None:
        super().__init__(name=name)
        self._scenarios = scenarios
        self._columns = columns
        self._kind = kind
        self._rank = rank

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the transforms, all the identity."""
        shape = (self._scenarios, self._scenarios, self._columns.fields, self._columns.width)
        if self._kind == "diagonal":
            self.scale = self.add_weight("scale", shape, initializer="ones")
            self.shift = self.add_weight("shift", shape, initializer="zeros")
        else:
            # A row's share of the direction has the size of its embedding.
            normal = keras.initializers.RandomNormal(stddev=self._columns.width**-0.5)
            self.down = self.add_weight("down", (self._rank, *shape), initializer=normal)
            self.up = self.add_weight("up", (self._rank, *shape), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
        """Returns every row carried to every scenario, [K, B, P * e + N].

        Args:
          inputs: fields and numbers side by side, [B, P * e + N].
          own: the rows' one-hot scenarios, [B, K].
        """
        own = tf.cast(own, inputs.dtype)
        if self._kind == "diagonal":
            scale = self._of_rows(self.scale, own, 1.0)
            return inputs * scale + self._of_rows(self.shift, own, 0.0)
        carried = [tf.repeat(inputs[tf.newaxis], self._scenarios, axis=0)]
        for down, up in zip(tf.unstack(self.down), tf.unstack(self.up), strict=True):
            share = self._columns.sums(self._of_rows(down, own, 0.0) * inputs)
            carried.append(self._columns.spread(share, 0.0) * self._of_rows(up, own, 0.0))
        return tf.add_n(carried)

    def _of_rows(self, pairs: tf.Tensor, own: tf.Tensor, neutral: float) -> tf.Tensor:
        """Selects [K, K, P, e] by the rows' scenarios: [K, B, P * e + N]."""
        diagonal = tf.eye(self._scenarios, dtype=tf.bool)[:, :, tf.newaxis]
        flat = tf.reshape(tf.cast(pairs, own.dtype), [self._scenarios, self._scenarios, -1])
        flat = tf.where(diagonal, tf.cast(neutral, own.dtype), flat)
        padding = [[0, 0], [0, 0], [0, self._columns.numbers]]
        flat = tf.pad(flat, padding, constant_values=neutral)
        return tf.matmul(own, tf.transpose(flat, [1, 0, 2]))
