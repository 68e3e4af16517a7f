"""CSII: scenario-dominated experts that exchange transferable features."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates, over_shared
from models.layers.own_scenario import own_of_stack
from models.layers.towers import Towers
from models.registry import register
from models.zoo.multi_scenario.csii.config import CSIIConfig
from models.zoo.multi_scenario.csii.expert_mixtures import ExpertMixtures
from models.zoo.multi_scenario.csii.field_columns import FieldColumns
from models.zoo.multi_scenario.csii.inter_scenario_attention import InterScenarioAttention
from models.zoo.multi_scenario.csii.intra_scenario_attention import IntraScenarioAttention
from models.zoo.multi_scenario.csii.transfer_weight import TransferWeight
from models.zoo.multi_scenario.csii.transferable_features import TransferableFeatures
from schemas.task_graph import TaskGraph


class Exchange(NamedTuple):
    """What CSII makes of a batch before its towers.

    Attributes:
      representation: z, compute dtype [B, 2 * h].
      scores: of every field to every scenario, float32 [K, B, P].
      attention: weight of every scenario, float32 [K, B]; 0 of the own.
      alpha: weight of what is taken, float32 [B, 1].
    """

    representation: tf.Tensor
    scores: tf.Tensor
    attention: tf.Tensor
    alpha: tf.Tensor


@register("csii", CSIIConfig)
class CSII(Architecture):
    """Cross-Scenario Information Interaction (Shu et al., arXiv 2407.19727).

    For a row of scenario s, x^t being its features carried to scenario t, each field scaled
    by how well it transfers (`TransferableFeatures`, x^s = x),

        h_t = Expert_t(x^t),  h_share = Expert_sh(x),  u_t = h_t + Intra(h_t)
        u_agg = sum_{t != s} a_t W_v u_t
        z = [alpha_s u_agg + h_s; h_share],  P_m = sigmoid(t_m(z) + offset_m)

    The paper's: an expert a scenario and a shared one, the transform of every field
    between scenarios with its distance-based score (eq. 1), attention inside and then over
    the other scenarios, z, and the losses of click and click_and_order. Its equations were not
    available to us in full: the forms of transform, score, attention and alpha_s are ours. So are
    what keeps the exchange alive: experts that can differ from the start although they are pooled
    (`experts: low_rank`), u_t's residual, cosines and a bias for every ordered pair of scenarios
    in the attention (see `InterScenarioAttention`).

    The transforms have 2 K^2 P e parameters (`diagonal`; 62,720 for 7 scenarios and 40
    fields of 16) or 2 K^2 P e r (`low_rank`). The scores compare fields; numbers join every
    expert's input as they are.

    With `stop_cross_gradient`, rows of s train Expert_s and its gate only; through the
    kernels of the others, which stay as they are, they train the transforms psi_{s,t}
    and the fields' embeddings. The attentions belong to the exchange, not to an expert, and
    all rows train them: u_s is never read by rows of s, so an attention private to s
    (`intra_weights: scenario`) can only learn from the others. With one scenario there is
    nothing to exchange: u_agg = 0.
    """

    def __init__(self, config: CSIIConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        units, dropout, l2 = config.expert_units, config.dropout, config.kernel_l2
        self._columns = FieldColumns(
            len(self.slots), config.embedding_dim, len(layout.numeric) if config.numeric else 0
        )
        self._experts = ExpertMixtures(
            self.scenarios,
            config.experts_per_scenario,
            units,
            dropout,
            l2,
            "experts",
            config.deviation_l2,
            config.expert_rank if config.experts == "low_rank" else None,
        )
        self._shared = ExpertMixtures(
            1, config.shared_experts, units, dropout, l2, "shared_experts"
        )
        if self.scenarios > 1:
            self._extraction = TransferableFeatures(
                self.scenarios,
                self._columns,
                config.transform,
                config.rank,
                config.distance,
                config.reference,
                config.momentum,
                config.kept_share,
            )
            stack = self.scenarios if config.intra_weights == "scenario" else 1
            parts = config.intra_heads if config.inter_tokens == "heads" else 1
            self._intra = IntraScenarioAttention(stack, l2)
            self._inter = InterScenarioAttention(self.scenarios, parts, l2)
            self._alpha = TransferWeight(self.scenarios, config.alpha == "instance", l2)
        self._towers = Towers(
            len(self.labels),
            config.tower_units,
            self.scenarios if config.towers == "scenario_task" else None,
            dropout,
            l2,
            deviation_l2=config.deviation_l2,
        )

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """The joint outputs, or the conditional ones."""
        assert isinstance(config, CSIIConfig)
        if config.loss_space == "entire":
            return tuple(tasks.joint(label.name).name for label in tasks.labels)
        return super().outputs_with_loss(config, tasks)

    def exchange(self, features: Features, training: bool = False) -> Exchange:
        """Returns z and what it was made with."""
        flat = features.flat()
        shared = self._shared(flat[tf.newaxis], training=training)[0]
        mine = tf.transpose(tf.one_hot(features.scenario, self.scenarios))
        if self.scenarios == 1:
            own = self._experts(flat[tf.newaxis], training=training)[0]
            ones = tf.ones_like(features.fields[tf.newaxis, :, :, 0], tf.float32)
            z = tf.concat([own, shared], axis=-1)
            return Exchange(z, ones, tf.zeros_like(mine), tf.zeros_like(ones[0, :, :1]))
        carried, scores = self._extraction(flat, features.scenario, training=training)
        # A served graph has no use for whose gradient is stopped.
        stops = training and self._config.stop_cross_gradient
        gradient_mask = mine[:, :, tf.newaxis] if stops else None
        experts = self._experts(carried, gradient_mask, training=training)
        own = tf.reduce_sum(experts * tf.cast(mine, experts.dtype)[:, :, tf.newaxis], axis=0)
        aggregate, attention = self._inter(own, self._aggregated(carried, experts), mine)
        alpha = self._alpha(own, aggregate, mine)
        z = tf.concat([tf.cast(alpha, own.dtype) * aggregate + own, shared], axis=-1)
        return Exchange(z, scores, attention, alpha)

    def _aggregated(self, carried: tf.Tensor, experts: tf.Tensor) -> tf.Tensor:
        """Returns u_t of every scenario, [K, B, h]."""
        if self._config.intra_tokens == "heads":
            heads = self._config.intra_heads
            shape = [self.scenarios, -1, heads, experts.shape[-1] // heads]
            return self._intra((experts, tf.reshape(experts, shape)))
        fields, width = self._columns.fields, self._columns.width
        tokens = carried[:, :, : fields * width]
        return self._intra((experts, tf.reshape(tokens, [self.scenarios, -1, fields, width])))

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        z = self.exchange(features, training=training).representation
        logits = self._towers(z, scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `scenario_gates` and `shared_gates`, where several experts are mixed."""
        inputs = features.flat()[tf.newaxis]
        found = {}
        if self._config.experts_per_scenario > 1:
            of_all = self._experts.gates(tf.repeat(inputs, self.scenarios, axis=0))
            gates = over_shared(own_of_stack(of_all, features.scenario), name="scenario_expert")
            found["scenario_gates"] = gates._replace(private=~gates.private)
        if self._config.shared_experts > 1:
            found["shared_gates"] = over_shared(self._shared.gates(inputs)[0], name="shared_expert")
        return found

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns the means over every scenario's rows.

        `transferability` [K, K, P], the score of every field from a scenario to a scenario;
        `attention` [K, K], the weight of the other scenarios; `alpha` [K], that of all.
        """
        found = self.exchange(features)
        scenario = features.scenario.numpy()

        def means(values: tf.Tensor) -> tf.Tensor:
            return scenario_means(values.numpy(), scenario, self.scenarios)

        origin, to = self.scenario_axis, Axis("to_scenario", self.layout.scenarios)
        fields = Axis("field", self.slots)
        scores = means(tf.transpose(found.scores, [1, 0, 2]))
        return {
            "transferability": Explanation(scores, (origin, to, fields)),
            "attention": Explanation(means(tf.transpose(found.attention)), (origin, to)),
            "alpha": Explanation(means(found.alpha[:, 0]), (origin,)),
        }
