"""A mean over the rows of an epoch."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras as keras


class EpochMean(keras.layers.Layer):
    """Averages values [B, *shape] over the rows of an epoch, on any number of replicas.

    Its variables are checkpointed with the model, and know of which epoch they are: a
    training that was stopped inside an epoch goes on with the sum it had.

    Args:
      shape: of one row's values.
    """

    def __init__(self, shape: tuple[int, ...], name: str = "epoch_mean") -> None:
        super().__init__(name=name, dtype="float32", autocast=False, trainable=False)
        self._shape = shape

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the sum, the number of rows and the epoch."""
        replicas = {
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.SUM,
        }
        self._sum = self.add_weight(
            "sum", self._shape, initializer="zeros", trainable=False, **replicas
        )
        self._rows = self.add_weight("rows", (), initializer="zeros", trainable=False, **replicas)
        self._epoch = self.add_weight(
            "epoch", (), tf.int32, keras.initializers.Constant(-1), trainable=False
        )
        super().build(input_shape)

    def start(self, epoch: int) -> None:
        """Begins a new sum, unless the sum is of that epoch already; a number is used once."""
        if int(self._epoch.numpy()) != epoch:
            self._epoch.assign(epoch)
            self._sum.assign(tf.zeros(self._shape))
            self._rows.assign(0.0)

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Adds the rows, and returns them."""
        self._sum.assign_add(tf.reduce_sum(values, axis=0))
        self._rows.assign_add(tf.cast(tf.shape(values)[0], tf.float32))
        return values

    def result(self) -> np.ndarray:
        """Returns the mean so far, float32 `shape`; NaN without rows."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._sum.numpy() / self._rows.numpy())
