"""The optimizers of a training config."""

from __future__ import annotations

import tf_keras as keras

from models.config import TrainingConfig


def plain_optimizer(training: TrainingConfig, learning_rate: float) -> keras.optimizers.Optimizer:
    """Builds an optimizer of the config's class that leaves the loss as it is."""
    classes = {
        "adam": keras.optimizers.Adam,
        "adagrad": keras.optimizers.Adagrad,
        "sgd": keras.optimizers.SGD,
    }
    return classes[training.optimizer](learning_rate=learning_rate)


def make_optimizer(training: TrainingConfig, learning_rate: float) -> keras.optimizers.Optimizer:
    """Builds the main optimizer; with mixed_float16 it scales the loss.

    float16's smallest positive number is 6e-8, so that small gradients vanish unless the
    loss is scaled up; bfloat16 has float32's range and needs none.
    """
    optimizer = plain_optimizer(training, learning_rate)
    if training.precision == "mixed_float16":
        return keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer
