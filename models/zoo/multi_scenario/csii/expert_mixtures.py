"""Perceptron experts in groups, each group mixed by a gate of its own."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.zoo.multi_scenario.csii.low_rank_dense import LowRankDense
from models.zoo.multi_scenario.csii.masked_gradient_dense import MaskedGradientDense


class ExpertMixtures(keras.layers.Layer):
    """`groups` mixtures of `experts` perceptrons: [groups, B, in] -> [groups, B, units[-1]].

    ``h[g] = sum_j softmax_j(x[g] W[g] + b[g]) f[g, j](x[g])``; with one expert there is no
    gate. Every layer of an expert is ReLU, then dropout.

    Args:
      groups: G.
      experts: n, experts of a group.
      units: widths of an expert's layers.
      dropout: fraction dropped after every layer, in training.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: of the groups, see `StackedDense`.
      rank: None for kernels of a group's own (or pooled, with `deviation_l2`); a number for
        experts that differ by matrices of this rank, see `LowRankDense`.
    """

    def __init__(
        self,
        groups: int,
        experts: int,
        units: tuple[int, ...],
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str | None = None,
        deviation_l2: float | None = None,
        rank: int | None = None,
    ) -> None:
        super().__init__(name=name)
        self._experts = experts
        stack = (groups,) if experts == 1 else (groups, experts)

        def dense(index: int, width: int) -> MaskedGradientDense:
            name = f"dense_{index}"
            if rank is None:
                return MaskedGradientDense(
                    stack, width, kernel_l2=kernel_l2, name=name, deviation_l2=deviation_l2
                )
            return LowRankDense(
                stack, width, rank, kernel_l2=kernel_l2, name=name, deviation_l2=deviation_l2
            )

        self._dense = [dense(index, width) for index, width in enumerate(units)]
        self._dropouts = [keras.layers.Dropout(dropout) for _ in units]
        self._gate = None
        if experts > 1:
            self._gate = MaskedGradientDense(
                (groups,),
                experts,
                None,
                kernel_l2,
                "gates",
                "float32",
                deviation_l2=deviation_l2,
            )

    def gates(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the experts' weights in every mixture, float32 [G, B, n].

        Args:
          inputs: [G, B, in].
        """
        if self._gate is None:
            return tf.ones([*tf.unstack(tf.shape(inputs)[:2]), 1])
        return self._weights(inputs, None)

    def _weights(self, inputs: tf.Tensor, gradient_mask: tf.Tensor | None) -> tf.Tensor:
        assert self._gate is not None
        return softmax(self._gate(inputs, gradient_mask))

    def call(
        self, inputs: tf.Tensor, gradient_mask: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """Applies every mixture to its input.

        Args:
          inputs: [G, B, in].
          gradient_mask: 0 or 1, [G, B, 1]: the rows that train the group; without it all.
          training: whether units are dropped.
        """
        hidden, rows = inputs, gradient_mask
        if self._gate is not None:
            hidden = hidden[:, tf.newaxis]
            rows = None if rows is None else rows[:, tf.newaxis]
        for dense, drop in zip(self._dense, self._dropouts, strict=True):
            hidden = drop(dense(hidden, rows), training=training)
        if self._gate is None:
            return hidden
        gates = tf.transpose(self._weights(inputs, gradient_mask), [0, 2, 1])
        return tf.reduce_sum(tf.cast(gates, hidden.dtype)[..., tf.newaxis] * hidden, axis=1)
