"""The wide part of a ranking model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.features.inputs import Field
from models.layers.lookup_l2 import LookupL2
from models.layers.own_scenario import own_rows, own_scenario, own_values


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
      scenarios: K for weights and biases of every scenario's own, or None for those that all
        share; see `FieldEmbeddings`.
    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        numbers: int,
        biases: Sequence[float],
        l2: LookupL2 | None = None,
        name: str = "first_order",
        scenarios: int | None = None,
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._fields = fields
        self._numbers = numbers
        self._biases = np.asarray(biases, np.float32)
        self._l2 = l2
        self._scenarios = scenarios
        self.tables: dict[str, tf.Variable] = {}

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the weights, zero, and the bias."""
        labels = len(self._biases)
        stack = () if self._scenarios is None else (self._scenarios,)
        for field in self._fields:
            self.tables[field.name] = self.add_weight(
                f"{field.name}/weights",
                (field.size * (self._scenarios or 1), labels),
                initializer="zeros",
            )
        if self._numbers:
            self.numeric_kernel = self.add_weight(
                "numeric/weights", (*stack, self._numbers, labels), initializer="zeros"
            )
        biases = np.broadcast_to(self._biases, (*stack, labels))
        self.bias = self.add_weight(
            "bias", biases.shape, initializer=keras.initializers.Constant(biases)
        )
        super().build(input_shape)

    def call(
        self,
        inputs: tuple[tf.Tensor, tf.Tensor],
        training: bool = False,
        scenario: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the logits, float32 [B, C].

        Args:
          inputs: the indices, int [B, P], and the numbers, float32 [B, N].
          training: whether the L2 loss is added.
          scenario: int [B], read where every scenario has weights of its own.
        """
        indices, numeric = inputs
        if self._scenarios is None:
            logits = [tf.broadcast_to(self.bias, [tf.shape(indices)[0], len(self._biases)])]
        else:
            # Not a product, of which a GPU keeps three digits (TensorFloat-32).
            logits = [own_values(tf.convert_to_tensor(self.bias), scenario)]
        for position, field in enumerate(self._fields):
            rows = indices[:, position]
            if self._scenarios is not None:
                rows = own_rows(rows, scenario, field.size)
            weights = tf.gather(self.tables[field.name], rows)
            logits.append(weights)
            if training and self._l2:
                by_scenario = self._scenarios is not None
                self.add_loss(self._l2(field.name, rows, weights, by_scenario))
        if self._numbers and self._scenarios is None:
            logits.append(tf.matmul(numeric, self.numeric_kernel))
        elif self._numbers:
            every = tf.einsum("bn,knc->bkc", numeric, self.numeric_kernel)
            logits.append(own_scenario(every, scenario))
        return tf.add_n(logits)
