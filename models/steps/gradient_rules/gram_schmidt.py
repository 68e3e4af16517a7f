"""Gradients that are orthogonal to those before them."""

from __future__ import annotations

import tensorflow as tf

from models.steps.gradient_rules.surgery import GradientSurgery

_DEPENDENT = 1e-10


class GramSchmidt(GradientSurgery):
    """Leaves of every part's gradient what is orthogonal to those of the parts before it.

    In the order of the parts,

        b_i = g_i - sum_{j<i} (g_i . b_j / |b_j|^2) b_j

    and the sum of the b_i replaces that of the g_i. So the first part is learned as if alone, and
    no later one speeds it up or slows it down; what they have in common counts once. Put the
    parts that matter most first: a later part's loss may rise where it conflicts with them.
    Orthogonal scenario gradients are one of the two remedies for negative transfer in CausalInt
    (Wang et al., KDD 2022), there as a penalty on a representation; to replace the gradients by
    them is ours, as is that a gradient without a component of its own, up to 1e-5 of its length,
    becomes 0 and not the noise that is left.
    """

    def combination(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the factors; see `GradientSurgery.combination`."""
        return tf.reduce_sum(orthogonalised(products), axis=0)


def orthogonalised(products: tf.Tensor) -> tf.Tensor:
    """Returns what every b_i is made of: the factors of the g_j, float64 [n, n], lower triangular.

    Args:
      products: inner products of the g_i, float64 [n, n].
    """
    parts = products.shape[0]
    rows = tf.unstack(tf.eye(parts, dtype=products.dtype))
    squares: list[tf.Tensor] = []
    for index in range(parts):
        own = rows[index]
        for before, square in enumerate(squares):
            along = tf.tensordot(rows[before], products[index], 1)
            own -= tf.math.divide_no_nan(along, square) * rows[before]
        left = tf.tensordot(own, tf.linalg.matvec(products, own), 1)
        # Not `<=`: what is not finite must stay so.
        dependent = left < _DEPENDENT * products[index, index]
        rows[index] = tf.where(dependent, tf.zeros_like(own), own)
        squares.append(tf.where(dependent, tf.zeros_like(left), left))
    return tf.stack(rows)
