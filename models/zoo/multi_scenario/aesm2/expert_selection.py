"""The selection of experts by what a row's scores say of each."""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from models.layers.softmax import softmax


class Selection(NamedTuple):
    """Which of N experts rows select, and how they mix them; any leading axes.

    Attributes:
      weights: of the experts, float32 [..., B, N]; a row's sum to 1, those not selected are 0.
      specific: 1 for the selected specific experts, else 0, float32 [..., B, N].
      shared: the same of the selected shared experts.
      specific_divergence: mean divergence of the selected specific experts, float32 [..., B].
      shared_divergence: the same of the selected shared experts.
    """

    weights: tf.Tensor
    specific: tf.Tensor
    shared: tf.Tensor
    specific_divergence: tf.Tensor
    shared_divergence: tf.Tensor


def selection(
    scores: tf.Tensor,
    own: tf.Tensor,
    noisy: tf.Tensor,
    top_specific: int,
    top_shared: int,
) -> Selection:
    """Selects the experts of every row's own gate.

    Z being a row's scores of G gates and N experts and k its own gate,

        (1) P_n = softmax_j(Z_jn)                    how expert n is divided between the gates
        (2) specific: the experts of the smallest    KL(onehot(k) || P_n) = -log P_nk
        (3) shared: the experts of the smallest      KL(1/G || P_n) = -log G - 1/G sum_j log P_nj
        (4) weights = softmax over n in (2) or (3) of Z_kn

    (1) to (3) read the noisy scores, (4) those without noise. Where two experts are as near, the
    first of them is selected. One gate has nothing to divide: it mixes all experts.

    Args:
      scores: Z, float32 [..., G, B, N].
      own: 1 for a row's own gate, else 0, float32, broadcasts to [..., G, B, 1].
      noisy: Z with noise, or Z itself.
      top_specific: number of specific experts.
      top_shared: number of shared experts.
    """
    gates, experts = scores.shape[-3], scores.shape[-1]
    own_scores = tf.reduce_sum(own * scores, axis=-3)
    if gates == 1:
        everything, nothing = tf.ones_like(own_scores), tf.zeros_like(own_scores)
        zero = nothing[..., 0]
        return Selection(softmax(own_scores), nothing, everything, zero, zero)
    log_shares = noisy - tf.reduce_logsumexp(noisy, axis=-3, keepdims=True)
    to_own = -tf.reduce_sum(own * log_shares, axis=-3)
    to_all = -math.log(gates) - tf.reduce_mean(log_shares, axis=-3)
    specific, specific_divergence = _nearest(to_own, top_specific, experts)
    shared, shared_divergence = _nearest(to_all, top_shared, experts)
    # Not a product with the scores: a negative one would become the largest of all.
    weights = softmax(own_scores, mask=specific + shared > 0)
    return Selection(weights, specific, shared, specific_divergence, shared_divergence)


def _nearest(divergences: tf.Tensor, top: int, experts: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns 1 for the experts of the smallest divergences, and the mean of these."""
    if not top:
        return tf.zeros_like(divergences), tf.zeros_like(divergences[..., 0])
    indices = tf.math.top_k(-tf.stop_gradient(divergences), top).indices
    nearest = tf.reduce_sum(tf.one_hot(indices, experts), axis=-2)
    return nearest, tf.reduce_sum(nearest * divergences, axis=-1) / top
