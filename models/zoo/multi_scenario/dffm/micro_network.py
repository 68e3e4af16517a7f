"""The micro-network of DFFM, whose weights are the domain's."""

from __future__ import annotations

import itertools
import math
from typing import Any

import tensorflow as tf
import tf_keras as keras

from models.layers.own_scenario import own_values


class MicroNetwork(keras.layers.Layer):
    """D, a perceptron of every row's own that transforms its embeddings one by one.

    With an embedding x of width e and L layers (DFFM, CIKM 2023, eq. 3 to 6),

        h_0 = x,  h_k = sigma(W_k h_{k-1} + b_k),  D(x) = h_L,  {W_k, b_k} = Reshape(Split(E^d))

    The domain's embeddings E^d are the weights, no network makes them. Ours: the embeddings hold
    what a scenario differs by from a `base` that all share,

        E^d = base + deviation[scenario] + F^T prior_kernel

    with the embeddings F of further columns of the domain, if any, which are narrower than all
    weights together, side by side; sigma, a leaky ReLU and none after the last layer; and, with
    `identity`, D(x) = x + h_L, which begins as x: the base's last layer, the deviations and the
    prior kernel are zero then. With the scenario's own column in F the last term could be all
    that `deviation` is, at no cost of `deviation_l2`.

    Args:
      scenarios: K.
      units: widths of the hidden layers.
      identity: see above; without it all kernels begin as Glorot's.
      stddev: of the deviations' normal initial values, without `identity`.
      kernel_l2: weight of the squared norm of the base and of the prior kernel.
      deviation_l2: weight of the squared norm of the deviations.
    """

    def __init__(
        self,
        scenarios: int,
        units: tuple[int, ...],
        identity: bool = True,
        stddev: float = 0.01,
        kernel_l2: float = 0.0,
        deviation_l2: float = 0.0,
        name: str = "micro_network",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._scenarios = scenarios
        self._units = units
        self._identity = identity
        self._stddev = stddev
        self._kernel_l2 = _penalty(kernel_l2)
        self._deviation_l2 = _penalty(deviation_l2)

    @property
    def parameters(self) -> int:
        """The weights of one D: of widths e, h, e they are ``e h + h + h e + e``."""
        return sum((before + 1) * after for before, after in self._layers)

    def build(self, input_shape: tuple[tf.TensorShape, tf.TensorShape]) -> None:
        """Makes the base, the deviations and, where it reads priors, their kernel."""
        (_, _, width), (_, priors) = (list(shape) for shape in input_shape)
        self._layers = list(itertools.pairwise((width, *self._units, width)))
        self._base = self._made("base", (self.parameters,), self._start, self._kernel_l2)
        self._deviation = self._made(
            "deviation",
            (self._scenarios, self.parameters),
            "zeros" if self._identity else keras.initializers.RandomNormal(stddev=self._stddev),
            self._deviation_l2,
        )
        self._prior_kernel = None
        if priors:
            start = "zeros" if self._identity else "glorot_uniform"
            shape = (priors, self.parameters)
            self._prior_kernel = self._made("prior_kernel", shape, start, self._kernel_l2)
        super().build(input_shape)

    def _made(self, name: str, shape: tuple[int, ...], start: Any, regularizer: Any) -> tf.Variable:
        return self.add_weight(
            name,
            shape,
            initializer=start,
            regularizer=regularizer,
            experimental_autocast=False,
        )

    def _start(self, shape: Any, dtype: Any = None, **_: Any) -> tf.Tensor:
        """Glorot's kernels one after the other, each with zero biases behind it."""
        parts: list[tf.Tensor] = []
        for layer, (before, after) in enumerate(self._layers):
            last = layer == len(self._layers) - 1
            limit = 0.0 if last and self._identity else math.sqrt(6.0 / (before + after))
            kernel = keras.initializers.RandomUniform(-limit, limit)
            parts += [kernel([before * after], dtype), tf.zeros([after], dtype)]
        return tf.ensure_shape(tf.concat(parts, axis=0), shape)

    def weights_of_rows(self, scenario: tf.Tensor, priors: tf.Tensor) -> tf.Tensor:
        """Returns E^d, float32 [B, parameters].

        Args:
          scenario: int [B].
          priors: F, the embeddings of columns of the domain, side by side, [B, q]; q may be 0.
        """
        found = self._base + own_values(tf.identity(self._deviation), scenario)
        if self._prior_kernel is not None:
            found += tf.matmul(tf.cast(priors, tf.float32), self._prior_kernel)
        return found

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], scenario: tf.Tensor) -> tf.Tensor:
        """Transforms embeddings [B, A, e]; in their dtype.

        Args:
          inputs: the embeddings, and the priors, see `weights_of_rows`.
          scenario: int [B].
        """
        embeddings, priors = inputs
        weights = tf.cast(self.weights_of_rows(scenario, priors), embeddings.dtype)
        sizes = [size for before, after in self._layers for size in (before * after, after)]
        parts = tf.split(weights, sizes, axis=1)
        hidden = embeddings
        for layer, (before, after) in enumerate(self._layers):
            if layer:
                hidden = tf.nn.leaky_relu(hidden)
            kernel = tf.reshape(parts[2 * layer], [-1, before, after])
            hidden = tf.matmul(hidden, kernel) + parts[2 * layer + 1][:, tf.newaxis]
        return embeddings + hidden if self._identity else hidden


def _penalty(l2: float) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(l2) if l2 else None
