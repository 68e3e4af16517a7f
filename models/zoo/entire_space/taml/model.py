"""TAML: several learners per task on three levels of experts, taught by their own mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from models.config import ModelConfig
from models.explanation import Axis, Explanation, numbered, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates
from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense
from models.layers.towers import Towers
from models.losses.log_odds import both
from models.losses.predictions import Supervision
from models.registry import register
from models.weighed_losses import WeighedLosses
from models.zoo.entire_space.taml.config import TAMLConfig
from models.zoo.entire_space.taml.distillation import fused, taught
from models.zoo.entire_space.taml.expert_levels import ExpertLevels
from schemas.task_graph import Label, TaskGraph


@register("taml", TAMLConfig)
class TAML(WeighedLosses):
    """Task Adaptive Multi-learner network (Liu et al., WWW 2023 Companion).

    The paper's idea: conversions are few, and one tower learns a partial view of them. A task has
    N learners, each with experts of its own besides those of the task and those of all
    tasks; their scores are fused, and the fused score teaches every learner. Its equations are
    reconstructed here from its abstract and talk. With x all fields and numbers side by side, for
    label t and learner k,

    1. ``z_tk = sum_e g_tke E_e(x)`` over shared, task and learner experts: see `ExpertLevels`.
    2. ``p_tk = sigmoid(tower_tk(z_tk) + offset_t)``, P(t | its parent).
    3. ``q_t = (1 / N) sum_k p_tk``, or ``sum_k softmax(V_t x + c_t)_k p_tk`` (`fusion: gated`),
       on probabilities; q_t is what is served. Learners stay apart by their initial weights,
       their own experts and, with `dropout`, their own masks.
    4. Supervision: the cross-entropies of the products of q along the chain of parents, pCTR = q_1
       and pCTCVR = q_1 q_2 over all rows, and those of every learner's own, p_1k and p_1k p_2k,
       times ``learner_weight / N``.
    5. Self-distillation: ``distillation / N * sum_k CE(sg(q_t), p_tk)`` of every label. sg stops
       the gradient: learners follow their teacher, and it does not come to meet them.
       On rows without a click it is a dense target of the conversion, which has no label there.
       It counts as much as the label's supervision: the weight that `training.loss_weights` gives
       the label's output in 4 multiplies it, and with 0 the label's learners are not taught.

    Our choices: all sizes and weights; the offset, a label's base rate and wide part, starts each
    of its learners; towers per scenario (`towers: scenario_task`), since the paper has no
    scenarios; losses in the labels' own spaces (`loss_space`); more labels than two, each
    with learners, the learner k of a label being multiplied by the learner k of its parent; a
    label with `after` has the loss of its joint output, its total is composed outside
    (`UnclickedTowers`).
    """

    def __init__(self, config: TAMLConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        self._tasks = tasks
        self._learners = config.learners
        regular: dict[str, Any] = {"dropout": config.dropout, "kernel_l2": config.kernel_l2}
        self._levels = ExpertLevels(
            self.labels,
            config.learners,
            config.shared_experts,
            config.task_experts,
            config.learner_experts,
            config.expert_units,
            **regular,
        )
        self._towers = Towers(
            len(self.labels) * config.learners,
            config.tower_units,
            self.scenarios if config.towers == "scenario_task" else None,
            deviation_l2=config.deviation_l2,
            **regular,
        )
        self._fusion = None
        if config.fusion == "gated" and config.learners > 1:
            self._fusion = StackedDense(
                (len(self.labels),), config.learners, None, config.kernel_l2, "fusion"
            )

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """The joint outputs, or the conditional ones."""
        assert isinstance(config, TAMLConfig)
        if config.loss_space == "entire":
            return tuple(tasks.joint(label.name).name for label in tasks.labels)
        return super().outputs_with_loss(config, tasks)

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> Mapping[str, Supervision]:
        """The outputs with a loss, and every learner's own (`click@learner_1`)."""
        assert isinstance(config, TAMLConfig)
        found = dict(super().supervisions(config, tasks))
        if config.learners > 1 and config.learner_weight:
            weight = config.learner_weight / config.learners
            for output in (*found,):
                for name in _learner_names(output, config.learners):
                    found[name] = Supervision(output, weight)
        return found

    def learner_log_odds(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns those of P(label | its parent), float32 [B, T, N]."""
        x = features.flat()
        gates = self._levels.gates(x)
        mixed = self._levels(x, gates, training=training)
        towers = len(self.labels) * self._learners
        mixed = tf.reshape(mixed, [towers, -1, mixed.shape[-1]])
        logits = self._towers(mixed, scenario=features.scenario, training=training)
        logits = tf.reshape(logits, [-1, len(self.labels), self._learners])
        return logits + features.offset[:, :, tf.newaxis]

    def fusion_logits(self, features: Features) -> tf.Tensor | None:
        """Returns V x + c of a gated fusion, float32 [B, T, N]; None where all weigh the same."""
        if self._fusion is None:
            return None
        logits = self._fusion(features.flat()[tf.newaxis])
        return tf.transpose(tf.cast(logits, tf.float32), [1, 0, 2])

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, fused and of learners; [B]."""
        learners = self.learner_log_odds(features, training)
        gate = self.fusion_logits(features)
        first = [2, 0, 1]
        gate = None if gate is None else tf.transpose(gate, first)
        found = self.by_label(fused(tf.transpose(learners, first), gate))
        for k in range(self._learners):
            own = self.by_label(learners[:, :, k])
            found |= {_learner_names(x, self._learners)[k]: y for x, y in own.items()}
            found |= self._joints(own, k)
        return found

    def _joints(self, own: Mapping[str, tf.Tensor], learner: int) -> dict[str, tf.Tensor]:
        """Returns a learner's products along the chains of parents, of labels with a parent."""
        reached: dict[str, tf.Tensor] = {}
        found = {}
        for label in self._tasks.labels:
            value = own[self._tasks.conditional(label.name).name]
            if label.parent is not None:
                value = both(reached[label.parent], value)
                joint = self._tasks.joint(label.name).name
                found[_learner_names(joint, self._learners)[learner]] = value
            reached[label.name] = value
        return found

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns `click@distillation` of every label, 5 of the class, float32 [B]."""
        if self._learners == 1 or not self._config.distillation:
            return {}
        factor = self._config.distillation / self._learners
        found = {}
        outputs = self.outputs_with_loss(self._config, self._tasks)
        for label, name, output in zip(self._tasks.labels, self.labels, outputs, strict=True):
            weight = factor * self.loss_weight(output)
            if weight:
                learners = _learner_names(name, self._learners)
                losses = [taught(predictions[name], predictions[learner]) for learner in learners]
                rows = self._taught_rows(label, targets, weights)
                found[f"{name}@distillation"] = weight * rows * tf.add_n(losses)
        return found

    def _taught_rows(
        self, label: Label, targets: Mapping[str, tf.Tensor], weights: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Returns the weights of the rows in which a label is taught; its own value is not read."""
        if label.parent is not None and self._config.distill_space == "click":
            parents = self._tasks.joint(label.parent).name
            return weights[parents] * targets[parents]
        # A row's weight is that in any output of the entire space whose labels are known.
        entire = [weights[x.name] for x in self._tasks.outputs if not x.space]
        return tf.reduce_max(tf.stack(entire), axis=0)

    @property
    def learner_axis(self) -> Axis:
        """The axis of explanations over a label's learners."""
        return numbered("learner", self._learners, first=1)

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `gates`, every learner's over the experts that it sees."""
        levels = self._levels
        weights = tf.transpose(levels.gates(features.flat()), [2, 0, 1, 3])
        names = np.array(levels.expert_names)[levels.visible]
        seen = Axis("expert", levels.seen_names)
        shared = np.zeros(len(levels.seen_names), bool)
        return {"gates": Gates(weights, (self.label_axis, self.learner_axis), seen, names, shared)}

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns how far a label's learners differ, and what a gated fusion weighs.

        `learner_spread` [T] is the standard deviation of a label's learners, in probability,
        mean over rows; with `fusion: gated`, `fusion` [K, T, N] are the learners' mean weights.
        """
        scenario = features.scenario.numpy()
        spread = tf.math.reduce_std(tf.sigmoid(self.learner_log_odds(features)), axis=2)
        spread = tf.reduce_mean(spread, axis=0).numpy()
        found = {"learner_spread": Explanation(spread, (self.label_axis,))}
        logits = self.fusion_logits(features)
        if logits is not None:
            means = scenario_means(softmax(logits).numpy(), scenario, self.scenarios)
            axes = (self.scenario_axis, self.label_axis, self.learner_axis)
            found["fusion"] = Explanation(means, axes)
        return found


def _learner_names(output: str, learners: int) -> tuple[str, ...]:
    return tuple(f"{output}@learner_{k + 1}" for k in range(learners))
