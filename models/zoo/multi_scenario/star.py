"""STAR: a network for every scenario, each the product of a shared one and its own."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pydantic
import tensorflow as tf

from models.architecture import Architecture
from models.config import Fraction, ModelConfig, NonNegative, Units
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.own_scenario import own_of_stack
from models.layers.scenario_batch_norm import ScenarioBatchNorm
from models.layers.scenario_embedding import ScenarioEmbedding
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP
from models.layers.towers import Towers
from models.registry import register
from schemas.task_graph import TaskGraph


class STARConfig(ModelConfig):
    """Hyper-parameters of STAR; the sizes are our choice.

    `deviation_l2`, None for 0, holds the factors of all kernels back at 1.

    Attributes:
      name: the registered name.
      units: widths of the star layers that all labels share.
      tower_units: widths of the star layers that each label has behind them; without any, and
        with one label, the network is the paper's.
      normalisation: of the inputs, `partitioned` by scenario (the paper's), or `none`.
      momentum: of the moving moments, see `ScenarioBatchNorm`.
      memory_rows: how many rows the moving moments stand for in training, at most; 0 for the
        moments of the batch alone (the paper's).
      prior_rows: how many rows with the moments of all scenarios a scenario's own lean on; 0 for
        none (the paper's), where a scenario of one row has a variance of 0.
      auxiliary: whether there is an auxiliary network.
      auxiliary_units: widths of its hidden layers.
    """

    name: str = "star"
    units: Units = pydantic.Field((128, 64), min_length=1)
    tower_units: Units = (32,)
    normalisation: Literal["partitioned", "none"] = "partitioned"
    momentum: Fraction = 0.99
    memory_rows: NonNegative = 128.0
    prior_rows: NonNegative = 4.0
    auxiliary: bool = True
    auxiliary_units: Units = (32,)


@register("star", STARConfig)
class STAR(Architecture):
    """Star Topology Adaptive Recommender (Sheng et al., CIKM 2021, arXiv 2101.11427).

    For a row of scenario k, x being all fields and numbers side by side, * the product value by
    value, and d_k a learned vector of the scenario,

        (1) partitioned normalisation
            z = gamma gamma_k (x - mean_k) / sqrt(variance_k + epsilon) + beta + beta_k
        (2) star layers                 h' = relu((W * W_k)^T h + b + b_k), h = z at first
        (3) auxiliary network           a_m = v_m(MLP([d_k; x]))
        (4) prediction                  P_m = sigmoid(s_m + a_m + offset_m)

    where s_m is the last of label m's star layers, which is linear. gamma_k, W_k are 1 and
    beta_k, b_k are 0 at the start: what the layers are is then the same for all scenarios.

    Ours: several labels, which share the first star layers (`units`) and have the others of their
    own (`tower_units`); batches with rows of all scenarios, as the log has them, where the
    paper's have rows of one, and hence moments that remember rows where a scenario has few in a
    batch, and lean on all scenarios' where it has few in the log (`ScenarioBatchNorm`); the
    auxiliary network reads x as it is, since (1) takes from x all that is constant in a scenario;
    its hidden layers are one network for all labels.

    Cost: all K scenarios' layers are computed as stacked products and the row's own is selected
    behind the shared ones and behind the labels' own, so that their work is K times that of one
    network.
    """

    def __init__(self, config: STARConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        scenarios, labels = self.scenarios, len(self.labels)
        dropout, l2, deviation_l2 = config.dropout, config.kernel_l2, config.deviation_l2
        self._norm = None
        if config.normalisation == "partitioned":
            self._norm = ScenarioBatchNorm(
                scenarios,
                config.momentum,
                memory_rows=config.memory_rows,
                prior_rows=config.prior_rows,
                name="partitioned_norm",
            )
        self._shared = StackedMLP(
            (scenarios,), config.units, dropout, l2, "shared", deviation_l2, "product"
        )
        stack = (scenarios, labels)
        self._towers = StackedMLP(
            stack, config.tower_units, dropout, l2, "towers", deviation_l2, "product"
        )
        # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
        self._last = StackedDense(
            stack, 1, None, l2, "last", "float32", deviation_l2=deviation_l2, combine="product"
        )
        self._auxiliary = None
        if config.auxiliary:
            self._scenario = ScenarioEmbedding(
                scenarios, config.embedding_dim, config.embedding_stddev
            )
            self._auxiliary = StackedMLP((), config.auxiliary_units, dropout, l2, "auxiliary")
            self._auxiliary_last = Towers(labels, (), kernel_l2=l2, name="auxiliary_last")

    def star_logits(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns s of every label, (1) and (2), float32 [B, C]."""
        inputs = features.flat()
        if self._norm is not None:
            inputs = self._norm(inputs, features.scenario, training=training)
        hidden = self._shared(inputs[tf.newaxis], training=training)
        hidden = own_of_stack(hidden, features.scenario)
        hidden = self._towers(hidden[tf.newaxis, tf.newaxis], training=training)
        logits = own_of_stack(self._last(hidden), features.scenario)
        return tf.transpose(tf.squeeze(logits, -1))

    def auxiliary_logits(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns a of every label, (3), float32 [B, C]; zeros without that network."""
        if self._auxiliary is None:
            return tf.zeros_like(features.offset)
        x = features.flat()
        own = tf.cast(self._scenario(features.scenario), x.dtype)
        hidden = self._auxiliary(tf.concat([own, x], axis=1), training=training)
        return self._auxiliary_last(hidden, None, training=training)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        logits = self.star_logits(features, training) + self.auxiliary_logits(features, training)
        return self.by_label(logits + features.offset)

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns how far the scenarios' networks are from the shared one, and what they add.

        `distance` [K, layers], the root mean square of W_k - 1 in every star layer; `logits`
        [K, 2, C], the mean absolute logits s and a of every scenario's rows.
        """
        layers = [
            (f"{part.name}/{layer.name}" if part is not self._last else layer.name, layer)
            for part in (self._shared, self._towers, self._last)
            for layer in (part, *part.submodules)
            if isinstance(layer, StackedDense)
        ]
        squares = [np.square(layer.factor.numpy() - 1) for _, layer in layers]
        distance = [np.sqrt(x.reshape(self.scenarios, -1).mean(1)) for x in squares]
        parts = (self.star_logits(features), self.auxiliary_logits(features))
        sizes = np.abs(tf.stack(parts, axis=1).numpy())
        means = scenario_means(sizes, features.scenario.numpy(), self.scenarios)
        names = Axis("layer", tuple(name for name, _ in layers))
        part = Axis("part", ("star", "auxiliary"))
        return {
            "distance": Explanation(np.stack(distance, 1), (self.scenario_axis, names)),
            "logits": Explanation(means, (self.scenario_axis, part, self.label_axis)),
        }
