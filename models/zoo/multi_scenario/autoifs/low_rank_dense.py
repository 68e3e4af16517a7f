"""Many dense layers of low rank over one input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras


class LowRankDense(keras.layers.Layer):
    """`members` linear layers of rank r (AutoIFS, WSDM 2026; LoRA, ICLR 2022).

    ``y[n] = x A[n] B[n] + b[n]`` with A (members, in, r), `down`, and B (members, r, out),
    `up`. As in AutoIFS's published code B and b start at zero, so that every member starts
    as the zero function, and A is normal with deviation ``sqrt(2 / ((in + members) r))``:
    that is Xavier's rule as PyTorch reads a tensor of rank 3, not Xavier slice by slice.

    Args:
      members: number of layers.
      units: out.
      rank: r.
      kernel_l2: weight of the squared norms of A and B.
      use_bias: whether there is a b.
    """

    def __init__(
        self,
        members: int,
        units: int,
        rank: int,
        kernel_l2: float = 0.0,
        use_bias: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._members = members
        self._units = units
        self._rank = rank
        self._use_bias = use_bias
        self._regularizer = keras.regularizers.L2(kernel_l2) if kernel_l2 else None

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes A, B and b."""
        width = int(input_shape[-1])
        deviation = math.sqrt(2 / ((width + self._members) * self._rank))
        self.down = self.add_weight(
            "down",
            (self._members, width, self._rank),
            initializer=keras.initializers.RandomNormal(stddev=deviation),
            regularizer=self._regularizer,
        )
        self.up = self.add_weight(
            "up",
            (self._members, self._rank, self._units),
            initializer="zeros",
            regularizer=self._regularizer,
        )
        if self._use_bias:
            self.bias = self.add_weight("bias", (self._members, self._units), initializer="zeros")
        super().build(input_shape)

    def call(
        self,
        inputs: tf.Tensor,
        own: tf.Tensor | None = None,
        members: Sequence[int] | None = None,
    ) -> tf.Tensor:
        """Applies every row's own member, or all members.

        Args:
          inputs: [B, in]; where each member has an input of its own, [members, B, in].
          own: one-hot members of the rows, [B, members]. All members are multiplied and
            the others masked between A and B: two dense products, whose cost of
            ``members r (in + out)`` a row is below that of gathering A row by row.
          members: those to apply where `own` is not given; None for all.

        Returns:
          [B, out] with `own`, else [members, B, out].
        """
        if own is not None:
            return self._own(inputs, tf.cast(own, inputs.dtype))
        down, up = self._of(self.down, members), self._of(self.up, members)
        if inputs.shape.rank == 2:
            stacked = tf.reshape(self._flat(inputs, down), [-1, down.shape[0], self._rank])
            inner = tf.transpose(stacked, [1, 0, 2])
        else:
            inner = tf.matmul(inputs, down)
        outputs = tf.matmul(inner, up)
        return outputs + self._of(self.bias, members)[:, tf.newaxis] if self._use_bias else outputs

    def _own(self, inputs: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
        inner = tf.reshape(self._flat(inputs, self.down), [-1, self._members, self._rank])
        masked = tf.reshape(inner * own[:, :, tf.newaxis], [-1, self._members * self._rank])
        outputs = tf.matmul(masked, tf.reshape(self.up, [-1, self._units]))
        return outputs + tf.matmul(own, self.bias) if self._use_bias else outputs

    def _flat(self, inputs: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
        """The product with A of all members side by side, [B, members * r]."""
        width = inputs.shape[-1]
        return tf.matmul(inputs, tf.reshape(tf.transpose(down, [1, 0, 2]), [width, -1]))

    @staticmethod
    def _of(weight: tf.Tensor, members: Sequence[int] | None) -> tf.Tensor:
        return weight if members is None else tf.gather(weight, members)
