"""The wide part of a ranking model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.features.inputs import Field
from models.layers.lookup_l2 import LookupL2


class FirstOrder(keras.layers.Layer):
    """A weight for every value of every field and for every number, and a bias.

    ``logit_c = b_c + sum_p w_p[index_p, c] + sum_n v[n, c] x_n`` for every label c: a
    logistic regression (the wide part of Wide & Deep, DLRS 2016). It learns what an id's
    embedding learns slowly, above all base rates of users and items. Always in float32.

    Args:
      fields: the fields that have a weight a value; none of them for a bias only.
      numbers: N, the numbers that have a weight.
      biases: the initial bias of every label, length C.
      l2: the L2 loss on the looked-up weights; None for none.
    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        numbers: int,
        biases: Sequence[float],
        l2: LookupL2 | None = None,
        name: str = "first_order",
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._fields = fields
        self._numbers = numbers
        self._biases = np.asarray(biases, np.float32)
        self._l2 = l2
        self.tables: dict[str, tf.Variable] = {}

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the weights, zero, and the bias."""
        labels = len(self._biases)
        for field in self._fields:
            self.tables[field.name] = self.add_weight(
                f"{field.name}/weights", (field.size, labels), initializer="zeros"
            )
        if self._numbers:
            self.numeric_kernel = self.add_weight(
                "numeric/weights", (self._numbers, labels), initializer="zeros"
            )
        self.bias = self.add_weight(
            "bias", (labels,), initializer=keras.initializers.Constant(self._biases)
        )
        super().build(input_shape)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the logits, float32 [B, C], of (indices int [B, P], numbers [B, N])."""
        indices, numeric = inputs
        rows = tf.shape(indices)[0]
        logits = [tf.broadcast_to(self.bias, [rows, len(self._biases)])]
        for position, field in enumerate(self._fields):
            weights = tf.gather(self.tables[field.name], indices[:, position])
            logits.append(weights)
            if training and self._l2:
                self.add_loss(self._l2(field.name, indices[:, position], weights))
        if self._numbers:
            logits.append(tf.matmul(numeric, self.numeric_kernel))
        return tf.add_n(logits)
