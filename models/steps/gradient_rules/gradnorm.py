"""Loss weights that balance the gradients of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from models.steps.gradient_rules.rule import GradientRule

START_STEPS = 20


class GradNorm(GradientRule):
    """Weighs the losses of outputs by the gradients they send to a shared kernel.

    GradNorm (Chen et al., ICML 2018, eq. 1 and 2): with n_i the norm of loss i's gradient in
    the shared kernel W, and L_i(0) the loss at the start,

        G_i = w_i n_i,  r_i = (L_i / L_i(0)) / mean_j (L_j / L_j(0))
        L_grad = sum_i | G_i - mean_j(G_j) r_i^alpha |,  the target held constant

    is minimised over the weights alone, and the weights are scaled to sum to the number of
    losses after each step. The gradient of L_grad has a closed form, ``n_i sign(G_i - target_i)``,
    so that no gradient of a gradient is taken and the network's weights cannot be touched.

    Ours: the step is plain gradient descent on L_grad divided by the mean n_i, so that
    `rate` is about the change of a weight in a step, whatever the size of the gradients;
    weights stay above `floor`; a step whose gradients are not finite changes nothing. L_i(0)
    is the mean of the first `START_STEPS` batches that have the output's rows, since one
    batch may be without a rare positive; outputs without rows in a batch are left out of its
    means, and their weights change by the scaling alone. Losses and gradients are those
    before the training's own `loss_weights`, which multiply afterwards.

    Args:
      outputs: the outputs that have a loss.
      kernel: returns W, the last kernel that all outputs share.
      alpha: how strongly a loss that falls slowly is favoured; 0 for equal norms.
      rate: the step's learning rate.
      floor: the smallest weight before scaling.
    """

    weighted = False

    def __init__(
        self,
        outputs: Sequence[str],
        kernel: Callable[[], tf.Variable],
        alpha: float,
        rate: float,
        floor: float = 1e-2,
        name: str = "gradnorm",
    ) -> None:
        super().__init__(outputs, lambda: [kernel()], name=name)
        self._alpha, self._rate, self._floor = alpha, rate, floor
        self.task_weights = self._state("task_weights", "ones")
        self.initial_losses = self._state("initial_losses", "zeros")
        self.start_batches = self._state("start_batches", "zeros")

    def _state(self, name: str, initializer: str) -> tf.Variable:
        # Every replica computes the same values: any one of them will do.
        return self.add_weight(
            name,
            (len(self.parts),),
            initializer=initializer,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def loss_weights(self) -> Mapping[str, tf.Tensor]:
        """Returns the weight of every output's loss, a float32 scalar."""
        weights = tf.unstack(tf.convert_to_tensor(self.task_weights))
        return dict(zip(self.parts, weights, strict=True))

    def epoch_logs(self) -> dict[str, Any]:
        """Returns the losses' weights of this moment, `task_weights`."""
        return {"task_weights": {name: float(w) for name, w in self.loss_weights().items()}}

    def step(self, losses: tf.Tensor, gradients: list[tf.Tensor]) -> None:
        """Takes the step of the weights; see `GradientRule.step`."""
        (kernel,) = gradients
        norms = tf.norm(tf.reshape(kernel, [len(self.parts), -1]), axis=1)
        self.move(losses, norms)

    def move(self, losses: tf.Tensor, norms: tf.Tensor) -> None:
        """Moves the weights.

        Args:
          losses: L_i of the global batch, float32 [n].
          norms: n_i, float32 [n].
        """
        finite = tf.reduce_all(tf.math.is_finite(norms) & tf.math.is_finite(losses))
        weights = tf.convert_to_tensor(self.task_weights)
        first, batches = (
            tf.convert_to_tensor(x) for x in (self.initial_losses, self.start_batches)
        )
        # A conditional loss may be without rows in a batch.
        present = losses > 0
        starting = present & (batches < START_STEPS)
        initial = tf.where(starting, (first * batches + losses) / (batches + 1), first)
        progress = tf.math.divide_no_nan(losses, initial)
        pace = tf.math.divide_no_nan(progress, _mean_of(progress, present))
        weighted = weights * norms
        target = _mean_of(weighted, present) * pace**self._alpha
        slope = tf.where(present, norms * tf.sign(weighted - target), 0.0)
        moved = weights - self._rate * tf.math.divide_no_nan(slope, _mean_of(norms, present))
        moved = tf.maximum(moved, self._floor)
        moved *= len(self.parts) / tf.reduce_sum(moved)
        self.task_weights.assign(tf.where(finite, moved, weights))
        self.initial_losses.assign(tf.where(finite, initial, first))
        self.start_batches.assign(tf.where(finite & starting, batches + 1, batches))


def _mean_of(values: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """The mean over the outputs that a batch has rows of; 0 where it has none."""
    chosen = tf.cast(present, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(values * chosen), tf.reduce_sum(chosen))
