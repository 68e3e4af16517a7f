"""The base of rules that change the gradients of parts."""

from __future__ import annotations

import tensorflow as tf

from models.steps.gradient_rules.rule import GradientRule


class GradientSurgery(GradientRule):
    """Replaces the sum of the parts' gradients by another combination of them.

    With g_i, float [D], the gradient of part i in all shared variables, flattened and joined, a
    subclass returns factors f of ``sum_i f_i g_i``. It sees the inner products of the g_i alone:
    what projections of them onto each other make is in their span, and [n, n] numbers say all
    that there is to say about it. Losses are those after `training.loss_weights`.

    Inner products and the combination are computed in float64: gradients that are nearly parallel
    lose most of their digits in their difference, and GPUs multiply float32 matrices with
    fewer (TensorFloat-32). Where a gradient is not finite, the combination is not either, so
    that a loss scale's optimizer skips the step as it does without a rule.
    """

    def combination(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the factors of the parts' gradients; called once a step.

        Args:
          products: inner products of the parts' gradients, float64 [n, n]. A part without rows
            in the batch has zeros.

        Returns:
          float64 [n].
        """
        raise NotImplementedError

    def step(self, losses: tf.Tensor, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Combines the gradients; see `GradientRule.step`."""
        del losses
        parts = len(self.parts)
        flat = [tf.cast(tf.reshape(x, [parts, -1]), tf.float64) for x in gradients]
        products = tf.add_n([tf.matmul(x, x, transpose_b=True) for x in flat])
        factors = self.combination(products)
        return [
            tf.cast(
                tf.reshape(tf.linalg.matvec(x, factors, transpose_a=True), old.shape[1:]), old.dtype
            )
            for x, old in zip(flat, gradients, strict=True)
        ]
