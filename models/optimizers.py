"""The optimizers of a training config."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.config import OptimizerName, TrainingConfig

_NEVER = 2**31 - 1


def make_optimizer(training: TrainingConfig, learning_rate: float) -> keras.optimizers.Optimizer:
    """Builds the main optimizer; with mixed_float16 it scales the loss.

    float16's smallest positive number is 6e-8, so that small gradients vanish unless the
    loss is scaled up; bfloat16 has float32's range and needs none.
    """
    optimizer = _plain(training.optimizer, learning_rate)
    if training.precision == "mixed_float16":
        return keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer


def make_group_optimizer(
    training: TrainingConfig, learning_rate: float, name: OptimizerName | None = None
) -> keras.optimizers.Optimizer:
    """Builds an optimizer next to the main one, of gradients that are unscaled already.

    With mixed_float16 it takes no step where a gradient has overflowed, as the main one: a
    step of zeros would move Adam's averages.

    Args:
      training: how the model is trained.
      learning_rate: the optimizer's rate.
      name: the optimizer; None for the training's.
    """
    optimizer = _plain(name or training.optimizer, learning_rate)
    if training.precision != "mixed_float16":
        return optimizer
    skipping = keras.mixed_precision.LossScaleOptimizer(
        optimizer, initial_scale=1.0, dynamic_growth_steps=_NEVER
    )
    # At a scale of 1 there is nothing to scale; Keras warns unless both were called.
    skipping.get_scaled_loss(tf.zeros([]))
    skipping.get_unscaled_gradients([])
    return skipping


def _plain(name: OptimizerName, learning_rate: float) -> keras.optimizers.Optimizer:
    classes = {
        "adam": keras.optimizers.Adam,
        "adagrad": keras.optimizers.Adagrad,
        "sgd": keras.optimizers.SGD,
    }
    return classes[name](learning_rate=learning_rate)
