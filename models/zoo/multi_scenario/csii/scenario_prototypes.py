"""What the fields of every scenario look like on average."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras


class ScenarioPrototypes(keras.layers.Layer):
    """Moving averages of rows by scenario, [K, width], float32, not trained.

    ``mu_t <- m mu_t + (1 - m) mean of the batch's rows of t``, for the scenarios that the
    batch has; the others keep theirs. Zero at first, as embeddings nearly are. The rows of
    all replicas count alike, so that these keep one average; where the step is compiled
    with XLA, which allows no exchange inside, every replica averages its own rows, and the
    replicas' mean is what is saved.

    Args:
      scenarios: K.
      width: columns of a row.
      momentum: m.
    """

    def __init__(
        self, scenarios: int, width: int, momentum: float, name: str = "prototypes"
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._shape = (scenarios, width)
        self._momentum = momentum

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the averages."""
        self.means = self.add_weight(
            "means",
            self._shape,
            initializer="zeros",
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.MEAN,
        )
        super().build(input_shape)

    def call(self, rows: tf.Tensor, own: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the averages before these rows, float32 [K, width]; in training, adds them.

        Args:
          rows: [B, width].
          own: the rows' one-hot scenarios, [B, K].
          training: whether the rows count.
        """
        before = tf.identity(self.means)
        if training:
            members = tf.cast(own, tf.float32)
            rows = tf.stop_gradient(tf.cast(rows, tf.float32))
            sums = tf.matmul(members, rows, transpose_a=True)
            counts = tf.reduce_sum(members, axis=0)[:, tf.newaxis]
            sums, counts = _over_replicas([sums, counts])
            moved = before + (1 - self._momentum) * (sums / tf.maximum(counts, 1.0) - before)
            self.means.assign(tf.where(counts > 0, moved, before))
        return tf.stop_gradient(before)


def _over_replicas(values: list[tf.Tensor]) -> list[tf.Tensor]:
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    try:
        return list(context.all_reduce(tf.distribute.ReduceOp.SUM, values))
    except RuntimeError:
        # A strategy refuses, before it does anything, to exchange inside a nested function.
        return values
