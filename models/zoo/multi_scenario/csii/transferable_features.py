"""Transferable feature extraction (TFE) of CSII."""

from __future__ import annotations

import math
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.csii.field_columns import FieldColumns
from models.zoo.multi_scenario.csii.pairwise_transform import PairwiseTransform
from models.zoo.multi_scenario.csii.scenario_prototypes import ScenarioPrototypes

# exp(-80) is still above zero in float32.
_FARTHEST = 80.0
# Keeps the gradient of a distance of zero finite.
_TINY = 1e-12


class TransferableFeatures(keras.layers.Layer):
    """Carries every row to every scenario, scaling each field by how well it transfers.

    For field p with embedding e_p of a row of scenario s, and every scenario t (CSII,
    arXiv 2407.19727, the learned transform of every field and ordered pair of scenarios,
    and a distance-based score, eq. 1; the exact form of both is ours),

        v_p = psi_{s,t,p}(e_p),  r_p = exp(-delta(v_p, e_p) / (tau sqrt(e)))

    where delta is the Euclidean distance or 1 - cosine, and tau > 0 is learned, 1 at first.
    With `self` the field is compared with what it was, and all scores are 1 before training.
    With `prototype` both are read as places among the rows of a scenario, of which a moving mean
    mu and standard deviation sigma are kept,

        delta((v_p - mu_{t,p}) / sigma_{t,p}, (e_p - mu_{s,p}) / sigma_{s,p})

    so that a field scores 1 where both scenarios hold it alike, however far its values spread,
    and a shift of t's field lowers its scores at once. (The distance to mu alone would be a
    measure of the spread, which is largest in the fields that matter.)

    The row of scenario t is ``[r_1 v_1; ...; r_P v_P; numbers]``; to its own scenario a row goes
    as it is, with scores 1.

    Args:
      scenarios: K, at least 2.
      columns: the fields' columns.
      transform: see `PairwiseTransform`.
      rank: see `PairwiseTransform`.
      distance: `euclidean`, or `cosine`.
      reference: `self` or `prototype`.
      momentum: of the prototypes.
      kept_share: share of the fields, those of the largest scores, that a row takes to a
        scenario; the others' score counts as 0, with the gradient it has unselected
        (straight-through). 1 takes all.
    """

    def __init__(
        self,
        scenarios: int,
        columns: FieldColumns,
        transform: Literal["diagonal", "low_rank"] = "diagonal",
        rank: int = 2,
        distance: Literal["euclidean", "cosine"] = "euclidean",
        reference: Literal["self", "prototype"] = "self",
        momentum: float = 0.99,
        kept_share: float = 1.0,
        name: str = "transferable_features",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._scenarios = scenarios
        self._columns = columns
        self._distance = distance
        self._kept = math.ceil(round(kept_share * columns.fields, 9))  # 0.28 * 25 is above 7
        self._transform = PairwiseTransform(scenarios, columns, transform, rank)
        self.prototypes = None
        if reference == "prototype":
            width = columns.fields * columns.width
            self.prototypes = ScenarioPrototypes(scenarios, width, momentum)

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the temperature, 1."""
        self.temperature = self.add_weight(
            "temperature",
            (),
            initializer=keras.initializers.Constant(math.log(math.e - 1)),
            dtype=tf.float32,
            experimental_autocast=False,
        )
        super().build(input_shape)

    def call(
        self, inputs: tf.Tensor, scenario: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the rows of every scenario and the scores.

        Args:
          inputs: fields and numbers side by side, [B, P * e + N].
          scenario: int [B].
          training: whether the rows count in the prototypes.

        Returns:
          [K, B, P * e + N] in the inputs' dtype, and the scores, float32 [K, B, P], in
          (0, 1] and before the selection.
        """
        own = tf.one_hot(scenario, self._scenarios)
        carried = self._transform(inputs, own)
        distances = self._distances(*self._compared(inputs, carried, own, training))
        scale = tf.math.softplus(self.temperature) * self._columns.width**0.5
        scores = tf.exp(-tf.clip_by_value(distances / scale, 0.0, _FARTHEST))
        mine = tf.transpose(own)[:, :, tf.newaxis]
        scores = mine + (1 - mine) * scores
        factors = tf.cast(self._selected(scores), carried.dtype)
        return carried * self._columns.spread(factors, 1.0), scores

    def _compared(
        self, inputs: tf.Tensor, carried: tf.Tensor, own: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what is compared, float32 [K, B, P * e + N] and [1, B, P * e + N]."""
        rows, moved = tf.cast(inputs, tf.float32), tf.cast(carried, tf.float32)
        if self.prototypes is None:
            return moved, rows[tf.newaxis]
        fields = inputs[:, : self._columns.fields * self._columns.width]
        means, deviations = self.prototypes(fields, own, training=training)
        padding = [[0, 0], [0, self._columns.numbers]]
        means, scales = tf.pad(means, padding), tf.pad(1 / deviations, padding)
        places = (rows - tf.matmul(own, means)) * tf.matmul(own, scales)
        return (moved - means[:, tf.newaxis]) * scales[:, tf.newaxis], places[tf.newaxis]

    def _distances(self, carried: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
        """Returns the distance of every field, float32 [K, B, P]."""
        if self._distance == "euclidean":
            squares = self._columns.sums(tf.square(carried - reference))
            return squares * tf.math.rsqrt(tf.maximum(squares, _TINY))
        product = self._columns.sums(carried * reference)
        for vector in (carried, reference):
            product *= tf.math.rsqrt(tf.maximum(self._columns.sums(tf.square(vector)), _TINY))
        return 1 - product

    def _selected(self, scores: tf.Tensor) -> tf.Tensor:
        if self._kept == self._columns.fields:
            return scores
        least = tf.math.top_k(scores, self._kept).values[..., -1:]
        kept = tf.cast(scores >= least, scores.dtype)
        return scores - tf.stop_gradient(scores * (1 - kept))
