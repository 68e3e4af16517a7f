"""Gradients without the parts of them that oppose each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import tensorflow as tf

from models.steps.gradient_rules.surgery import GradientSurgery


class PCGrad(GradientSurgery):
    """Projects conflicting gradients onto each other's normal planes.

    PCGrad (Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020, algorithm 1): each
    gradient, starting from h_i = g_i, meets those of all other parts in random order, and

        h_i <- h_i - (h_i . g_j / |g_j|^2) g_j  where h_i . g_j < 0

    The sum of the h_i replaces that of the g_i. Gradients that do not conflict are left as they
    are. The orders are drawn for every i and step, from the number of the step alone, so that
    all replicas, and a training that goes on from a checkpoint, draw the same.

    Args:
      parts: see `GradientRule`.
      variables: see `GradientRule`.
      per: see `GradientRule`.
      seed: of the orders.
    """

    def __init__(
        self,
        parts: Sequence[str],
        variables: Callable[[], Sequence[tf.Variable]],
        per: Literal["output", "scenario"] = "output",
        seed: int = 0,
        name: str = "pcgrad",
    ) -> None:
        super().__init__(parts, variables, per, name)
        self._seed = seed
        # Every replica counts the same: any one of them will do.
        self.steps = self.add_weight(
            "steps",
            (),
            dtype=tf.int64,
            initializer="zeros",
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def combination(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the factors; see `GradientSurgery.combination`."""
        step = tf.convert_to_tensor(self.steps)
        parts = len(self.parts)
        drawn = tf.random.stateless_uniform([parts, parts], tf.stack([self._seed, step]))
        self.steps.assign(step + 1)
        return projected(products, tf.argsort(drawn, axis=1))


def projected(products: tf.Tensor, orders: tf.Tensor) -> tf.Tensor:
    """Returns the factors of the g_i in the sum of the h_i, float64 [n].

    Args:
      products: inner products of the g_i, float64 [n, n].
      orders: row i has the parts in the order in which h_i meets them, i itself among them
        (which changes nothing), int32 [n, n].
    """
    parts = products.shape[0]
    rows = tf.range(parts)
    # Row i: what h_i is made of.
    made_of = tf.eye(parts, dtype=products.dtype)
    for met in tf.unstack(orders, num=parts, axis=1):
        with_met = tf.gather(tf.matmul(made_of, products), met, axis=1, batch_dims=1)
        squares = tf.gather(tf.linalg.diag_part(products), met)
        conflicts = (with_met < 0) & (met != rows)
        removed = tf.where(conflicts, tf.math.divide_no_nan(with_met, squares), 0.0)
        made_of -= removed[:, tf.newaxis] * tf.one_hot(met, parts, dtype=products.dtype)
    return tf.reduce_sum(made_of, axis=0)
