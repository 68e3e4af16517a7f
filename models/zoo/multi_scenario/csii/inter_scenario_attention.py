"""The attention over the other scenarios of CSII."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense

# Far below any logit, and not infinite: its softmax is exactly 0 and no product is NaN.
_MASKED = -1e9
# 1 / temperature at first, and at most (as in CLIP, Radford et al., ICML 2021). Experts begin with
# random differences, which are not to decide.
_SHARPNESS, _SHARPEST = 2.0, 100.0
# How much a bias counts: an optimizer's steps of .003 move a logit by .06. A small scenario has a
# few rows a batch and is overfitted within epochs, and the bias has to move before that.
_BIAS = 20.0
# What a part has in advance with its like in another scenario, in logits.
_LIKE = 2.0
# Next to a squared norm: keeps the gradient of a direction finite where there is no vector.
_TINY = 1e-6


class InterScenarioAttention(keras.layers.Layer):
    """A row takes from the other scenarios what resembles its own, and from those that help its.

    For a row of scenario s with own representation h_s and those of all scenarios u_t,

        a_t = softmax_{t != s}(cos(W_q h_s, W_k u_t) / tau + 20 bias[s, t])
        u_agg = sum_t a_t u_t W_v

    That a softmax over the other scenarios weighs their representations is CSII's; the rest is
    ours. A dot product of representations, which begin small, has logits near 0 and hardly any
    gradient: the attention stayed uniform. A cosine does not depend on their size; tau is learned,
    .5 at first. The bias of every ordered pair of scenarios, 0 at first, learns who helps whom
    whatever a row holds; its factor makes an optimizer's steps matter to logits. W_v begins as the
    identity: experts that are pooled say the same in the same units, and their mean is of use
    before anything is learned.

    With several parts, h_s and every u_t are cut into as many tokens, and every token of the row
    attends to the concatenated tokens of all other scenarios,

        a_{i,t,j} = softmax_{t != s, j}(cos(q_i, k_{t,j}) / tau + 20 bias[s, t] + like[i, j])
        u_agg = [sum_{t,j} a_{1,t,j} u_{t,j}; ...; sum_{t,j} a_{n,t,j} u_{t,j}] W_v

    where `like` prefers a token's own position at first. A scenario's weight is then the mean over
    the row's tokens of what its tokens get. The own scenario is masked before the softmax, so that
    the others' weights sum to 1.

    Args:
      scenarios: K, at least 2.
      parts: n, tokens of a representation; divides h. 1 for the whole.
      kernel_l2: weight of the squared norm of W_q and W_k, and of W_v's difference to the identity.
    """

    def __init__(
        self, scenarios: int, parts: int = 1, kernel_l2: float = 0.0, name: str = "inter_attention"
    ) -> None:
        super().__init__(name=name)
        self._scenarios = scenarios
        self._parts = parts
        self._kernel_l2 = kernel_l2

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the projections, the biases and the temperature."""
        width, l2 = int(input_shape[-1]), self._kernel_l2
        self._query = StackedDense((), width, None, l2, "query", use_bias=False)
        self._key = StackedDense((), width, None, l2, "key", use_bias=False)
        # W_v - 1.
        self._value = keras.layers.Dense(
            width,
            use_bias=False,
            kernel_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            name="value",
        )
        self.pair_bias = self._full("pair_bias", (self._scenarios, self._scenarios), 0.0)
        self.log_sharpness = self._full("log_sharpness", (), math.log(_SHARPNESS))
        self.like = None
        if self._parts > 1:
            self.like = self._full("like", (self._parts, self._parts), 0.0, _LIKE)
        super().build(input_shape)

    def _full(
        self, name: str, shape: tuple[int, ...], value: float, diagonal: float | None = None
    ) -> tf.Variable:
        initializer = keras.initializers.Constant(value)
        if diagonal is not None:
            initializer = keras.initializers.Identity(diagonal)
        return self.add_weight(
            name, shape, initializer=initializer, dtype=tf.float32, experimental_autocast=False
        )

    def call(
        self, own: tf.Tensor, others: tf.Tensor, mine: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the aggregate, [B, h], and the scenarios' weights, float32 [K, B].

        Args:
          own: h_s, [B, h].
          others: u, [K, B, h].
          mine: 1 for the rows' own scenarios, float32 [K, B].
        """
        queries = _direction(self._tokens(self._query(own)))
        keys = _direction(self._tokens(self._key(others)))
        bias = _BIAS * tf.matmul(self.pair_bias, mine, transpose_a=True)
        weights = self._weights(queries, keys, bias + _MASKED * mine)
        factors = tf.cast(weights, others.dtype)[..., tf.newaxis]
        mixed = tf.reduce_sum(factors * self._tokens(others)[tf.newaxis], axis=[1, 2])
        mixed = tf.concat(tf.unstack(mixed), axis=1)
        shares = tf.reduce_mean(tf.reduce_sum(weights, axis=1), axis=0)
        return mixed + self._value(mixed), shares

    def _tokens(self, vectors: tf.Tensor) -> tf.Tensor:
        """Cuts vectors, [..., B, h], into tokens, [n, ..., B, w]."""
        return tf.stack(tf.split(vectors, self._parts, axis=-1))

    def _weights(self, queries: tf.Tensor, keys: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """Returns the softmax over tokens and scenarios, float32 [n, n, K, B].

        Products and sums, no matrix products of a row's few tokens: those of equal rows may differ
        in their last bit, by where the rows stand in memory.
        """
        logits = tf.reduce_sum(queries[:, tf.newaxis, tf.newaxis] * keys, axis=-1)
        logits *= tf.minimum(tf.exp(self.log_sharpness), _SHARPEST)
        logits += bias
        if self.like is not None:
            logits += self.like[:, :, tf.newaxis, tf.newaxis]
        flat = tf.reshape(logits, [self._parts, self._parts * self._scenarios, -1])
        return tf.reshape(softmax(flat, axis=1), tf.shape(logits))


def _direction(vectors: tf.Tensor) -> tf.Tensor:
    vectors = tf.cast(vectors, tf.float32)
    squares = tf.reduce_sum(tf.square(vectors), axis=-1, keepdims=True)
    return vectors * tf.math.rsqrt(squares + _TINY)
