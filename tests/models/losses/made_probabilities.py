"""Compositions of log-odds, in and out as probabilities."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf


def logit(probability: Any) -> tf.Tensor:
    """The log-odds of a probability; of 0 those of 1e-30."""
    p = tf.convert_to_tensor(probability)
    return tf.math.log(tf.maximum(p, 1e-30)) - tf.math.log1p(-p)


def composed(space: Any, probabilities: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """What `space.compose` makes of the log-odds of probabilities, as probabilities."""
    given = {name: logit(p) for name, p in probabilities.items()}
    return {name: tf.sigmoid(z) for name, z in space.compose(given).items()}


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
