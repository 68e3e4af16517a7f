"""How much two functions of a row are sensitive to the same inputs."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

# Keeps the gradient of a length of zero finite.
_TINY = 1e-24


def input_gradients(
    function: Callable[[tf.Tensor], tf.Tensor],
    inputs: tf.Tensor,
    slopes: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Returns the direction of each row's gradient in its inputs, float32 [B, d].

    ``g = J'(s / |s|)``, with J the function's derivative in a row's inputs and s the slopes of a
    loss in the function's outputs. Of the gradient ``J's`` it has the direction only; its length
    does not sink below what half precision can hold where a loss is small.

    A row's gradient is that of its own loss, as long as no output depends on another row.

    Args:
      function: of the inputs, returns float32 [B, n].
      inputs: any float, [B, d].
      slopes: of the function's outputs, returns float32 [B, n]; a row of zeros has no gradient.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = function(inputs)
    found = tape.gradient(outputs, inputs, output_gradients=_directions(slopes(outputs)))
    return tf.cast(found, tf.float32)


def squared_cosines(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns ``(<g, h> / |g| |h|)^2`` row by row, float32 [B]; 0 where one of them is 0.

    Args:
      first: g, float32 [B, d].
      second: h, float32 [B, d].
    """
    products = _directions(first) * _directions(second)
    return tf.square(tf.reduce_sum(products, axis=1))


def _directions(rows: tf.Tensor) -> tf.Tensor:
    squares = tf.reduce_sum(tf.square(rows), axis=1, keepdims=True)
    return rows / tf.sqrt(tf.maximum(squares, _TINY))
