"""Selection of what belongs to a row's own scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def own_scenario(values: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
    """Selects every row's own scenario: [B, K, ...] and int [B] -> [B, ...].

    A product with the one-hot scenario, not a gather: exact (the others are multiplied by
    zero), deterministic backwards on every device, and without a mask that reorders rows.
    """
    mask = tf.one_hot(scenario, values.shape[1], dtype=values.dtype)
    mask = tf.reshape(mask, [-1, values.shape[1], *([1] * (values.shape.rank - 2))])
    return tf.reduce_sum(values * mask, axis=1)


def own_of_stack(values: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
    """Selects every row's own scenario of a stack: [K, ..., B, width] -> [..., B, width].

    As `own_scenario`, for values whose leading axis is the scenario (see `StackedDense`).
    """
    stack, *axes, _, _ = values.shape
    mask = tf.transpose(tf.one_hot(scenario, stack, dtype=values.dtype))
    mask = tf.reshape(mask, [stack, *([1] * len(axes)), -1, 1])
    return tf.reduce_sum(values * mask, axis=0)


@tf.custom_gradient
def own_values(values: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
    """Looks up every row's own scenario: [K, width] and int [B] -> [B, width].

    The gradient is a product with the one-hot scenarios: deterministic, as `own_scenario`, and
    without the [B, K, width] that it would make.
    """

    def gradient(outer: tf.Tensor) -> tuple[tf.Tensor, None]:
        own = tf.one_hot(scenario, values.shape[0], dtype=outer.dtype)
        return tf.matmul(own, outer, transpose_a=True), None

    return tf.gather(values, scenario), gradient


def check_knows_scenarios(layer: Any, known: bool) -> None:
    """Refuses outputs of all scenarios of a layer that knows none.

    Raises:
      ValueError: it knows none.
    """
    if not known:
        raise ValueError(f"all_scenarios: '{layer.name}' knows no scenarios; give it `scenarios`")


def own_rows(indices: tf.Tensor, scenario: tf.Tensor, size: int) -> tf.Tensor:
    """Moves indices of a table to those of every row's own scenario.

    Args:
      indices: int [B, ...], in [0, size).
      scenario: int [B].
      size: rows of a scenario; the table has K blocks of them, in the order of the scenarios.

    Returns:
      The indices in the table of K * size rows, in the shape and dtype of `indices`.
    """
    first = tf.cast(scenario, indices.dtype) * size
    return indices + tf.reshape(first, [-1, *([1] * (indices.shape.rank - 1))])


def own_output(
    layers: Sequence[Callable[..., tf.Tensor]],
    scenario: tf.Tensor | None,
    *inputs: Any,
    **options: Any,
) -> tf.Tensor:
    """Calls every row's own layer: [B, ...].

    Args:
      layers: K, called with all rows each, or one that all scenarios share.
      scenario: int [B]; None for one layer.
      *inputs: of the layers.
      **options: of the layers.
    """
    if len(layers) == 1:
        return layers[0](*inputs, **options)
    outputs = []
    for number, layer in enumerate(layers):
        with tf.name_scope(f"scenario_{number}"):
            outputs.append(layer(*inputs, **options))
    return own_scenario(tf.stack(outputs, axis=1), scenario)
