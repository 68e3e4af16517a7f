"""Batch normalisation with moments of every scenario."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
import tf_keras as keras

from models.layers.once_a_step import first_call_of_step
from models.layers.own_scenario import own_values
from models.layers.scenario_sums import scenario_sums


class Moments(NamedTuple):
    """Of every scenario.

    Attributes:
      means: float32 [K, width].
      variances: float32 [K, width].
    """

    means: tf.Tensor
    variances: tf.Tensor


class ScenarioBatchNorm(keras.layers.Layer):
    """Normalises rows by the moments of their scenario: [B, width] -> [B, width].

    Partitioned normalisation of STAR (Sheng et al., CIKM 2021): for a row of scenario s

        y = gamma gamma_s (x - mean_s) / sqrt(variance_s + epsilon) + beta + beta_s

    A scenario has few rows in a batch, and six of them have no moments to speak of. Ours is
    therefore what stands for mean_s and variance_s in training: the moments of the batch's
    n_s rows and of as many more as are remembered, at most `memory_rows`, that have the moments
    which score, m and u. With w = n_s / (n_s + min(memory_rows, remembered rows + prior_rows)) and
    b and v the batch's moments,

        mean_s = w b + (1 - w) m,  variance_s = w v + (1 - w) u + w (1 - w) (b - m)^2

    Gradients go through b and v. `memory_rows` 0 is batch normalisation.

    The moving moments are pooled in the same way: those of the scenario's rows in all batches,
    each batch weighing `momentum` times as much as the next one that has rows of the scenario.
    They start from the first batch as it is. They move once a step, by the layer's first call in
    it (`one_step`).

    A single row has a variance of 0, and that of n rows is too small by (n - 1) / n on average. The
    moments that score are therefore those of the scenario's remembered rows and of `prior_rows`
    more, which have the moments of all scenarios' remembered rows; a scenario that was never seen
    has these alone. In the variance of all scenarios as many rows count with a variance of 1, so
    that it is not 0 either. Before the first batch the mean is 0 and the variance 1.

    The rows of all replicas count alike; for a step that is compiled with XLA see
    `scenario_sums`: the replicas' mean is then what is saved.

    Args:
      scenarios: K.
      momentum: of the moving moments.
      epsilon: is added to variances.
      memory_rows: how many rows the remembered ones count as in training, at most.
      prior_rows: how many rows with the moments of all scenarios are added to a scenario's own; 0
        for none, where a scenario that was never seen keeps mean 0 and variance 1.
      shared: whether there are a gamma and beta that all scenarios share.
      own: whether there are a gamma_s and beta_s of every scenario's own.
    """

    def __init__(
        self,
        scenarios: int,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        memory_rows: float = 128.0,
        prior_rows: float = 4.0,
        shared: bool = True,
        own: bool = True,
        name: str = "scenario_batch_norm",
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._scenarios = scenarios
        self._momentum = momentum
        self._epsilon = epsilon
        self._memory_rows = memory_rows
        self._prior_rows = prior_rows
        self._stacks = {"": 1} if shared else {}
        if own:
            self._stacks = {**self._stacks, "own_": scenarios}

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the moving moments, and gamma 1 and beta 0."""
        width = int(input_shape[-1])
        self.means = self._moving("means", width, "zeros")
        self.variances = self._moving("variances", width, "ones")
        # Of how many rows the moving moments are.
        self.rows = self._moving("rows", 1, "zeros")
        self.gammas = [
            self.add_weight(f"{prefix}gamma", (stack, width), initializer="ones")
            for prefix, stack in self._stacks.items()
        ]
        self.betas = [
            self.add_weight(f"{prefix}beta", (stack, width), initializer="zeros")
            for prefix, stack in self._stacks.items()
        ]
        super().build(input_shape)

    def _moving(self, name: str, width: int, initializer: str) -> tf.Variable:
        return self.add_weight(
            name,
            (self._scenarios, width),
            initializer=initializer,
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.MEAN,
        )

    def call(self, inputs: tf.Tensor, scenario: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the normalised rows in the inputs' dtype.

        Args:
          inputs: [B, width].
          scenario: int [B].
          training: whether the batch's moments count, and move the moving ones.
        """
        rows = tf.cast(inputs, tf.float32)
        moments, remembered = self._with_prior(self._moving_moments(), tf.identity(self.rows))
        if training:
            moments = self._of_batch(rows, scenario, moments, remembered)
        factors = tf.math.rsqrt(moments.variances + self._epsilon)
        for gamma in self.gammas:
            factors *= gamma
        centred = rows - own_values(moments.means, scenario)
        outputs = centred * own_values(factors, scenario)
        shifts = tf.zeros_like(moments.means)
        for beta in self.betas:
            shifts += beta
        outputs += own_values(shifts, scenario)
        return tf.cast(outputs, inputs.dtype)

    def _moving_moments(self) -> Moments:
        return Moments(tf.identity(self.means), tf.identity(self.variances))

    def _with_prior(self, moving: Moments, rows: tf.Tensor) -> tuple[Moments, tf.Tensor]:
        """Returns the moments of the remembered rows and the prior's, and their number [K, 1].

        Args:
          moving: the moments of the remembered rows.
          rows: how many they are, float32 [K, 1].
        """
        total = tf.reduce_sum(rows)
        # Before the first batch there is nothing to lean on.
        prior = self._prior_rows * tf.cast(total > 0, tf.float32)
        shares = tf.math.divide_no_nan(rows, total)
        mean = tf.reduce_sum(shares * moving.means, axis=0, keepdims=True)
        spread = moving.variances + tf.square(moving.means - mean)
        variance = tf.reduce_sum(shares * spread, axis=0, keepdims=True)
        variance = tf.math.divide_no_nan(total * variance + prior, total + prior)
        return _pooled(Moments(mean, variance), moving, prior, rows), rows + prior

    def _of_batch(
        self, rows: tf.Tensor, scenario: tf.Tensor, before: Moments, before_rows: tf.Tensor
    ) -> Moments:
        """Returns what the batch is normalised with; the moving moments take the batch over.

        Args:
          rows: float32 [B, width].
          scenario: int [B].
          before: the moments that score.
          before_rows: of how many rows they are, float32 [K, 1].
        """
        own = tf.one_hot(scenario, self._scenarios)
        (sums,), counts = scenario_sums([rows], own)
        means = tf.math.divide_no_nan(sums, counts)
        # In a pass of their own: from squares of large values no digit of a variance is left.
        (squares,), _ = scenario_sums([tf.square(rows - own_values(means, scenario))], own)
        batch = Moments(means, tf.math.divide_no_nan(squares, counts))
        used = _pooled(batch, before, counts, tf.minimum(before_rows, self._memory_rows))
        if first_call_of_step(self):
            remembered = tf.identity(self.rows)
            kept = tf.where(counts > 0, self._momentum * remembered, remembered)
            moved = _pooled(batch, self._moving_moments(), counts, kept)
            self.means.assign(moved.means)
            self.variances.assign(moved.variances)
            self.rows.assign(kept + counts)
        return used


def _pooled(one: Moments, other: Moments, rows: tf.Tensor, other_rows: tf.Tensor) -> Moments:
    """Returns the moments of the rows of both, [K, width]; the other's where there are none."""
    share = tf.math.divide_no_nan(rows, rows + other_rows)
    means = share * one.means + (1 - share) * other.means
    between = share * (1 - share) * tf.square(one.means - other.means)
    return Moments(means, share * one.variances + (1 - share) * other.variances + between)
