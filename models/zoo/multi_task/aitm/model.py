"""AITM: every label's tower takes over, by attention, what its parent's tower has made."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from models.config import ModelConfig
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.own_scenario import own_of_stack
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP
from models.losses.log_odds import both
from models.losses.predictions import Supervision
from models.registry import register
from models.weighed_losses import WeighedLosses
from models.zoo.multi_task.aitm.conditional_log_odds import at_ceiling, given_parent, in_order
from models.zoo.multi_task.aitm.config import AITMConfig
from models.zoo.multi_task.aitm.information_transfer import PARENT, InformationTransfer
from schemas.task_graph import Label, TaskGraph


@register("aitm", AITMConfig)
class AITM(WeighedLosses):
    """Adaptive Information Transfer Multi-task (Xi et al., KDD 2021, arXiv 2105.08489).

    x being all fields and numbers side by side, every label t has a tower ``q_t = tower_t(x)``.
    A label that follows another takes over what its parent's knows (`InformationTransfer`),

        z_t = AIT(relu(W z_parent + b), q_t),  z_t = q_t without a parent
        y_t = sigmoid(w_t z_t + start_t)

    y_t is the probability in the entire space that t and all of its parents hold, and learns
    from all impressions. Nothing makes ``y_t <= y_parent``; the calibrator asks for it:

        L = sum_t a_t BCE(t and parents, y_t) + 0.6 sum_t a_t mean max(y_t - y_parent, 0)

    a_t is the weight of t's loss (`training.loss_weights`), 1 in the paper. The calibrator of two
    towers of which one has no loss (a = 0) is left out: it would pull the other to no purpose.

    Along the task graph's parents rather than in a fixed order (ours): siblings both read
    their parent, and what has several steps before it reads the last of them.

    Ours: what is scored and exported obeys the order. P(t | parent) is the quotient of y_t and
    the parent's, and at most `conditional_ceiling`: a larger y_t is served as that share of its
    parent's (`in_order`), losses are on y_t as it is. The quotient has no loss. It is as good as
    the two towers agree, and where they contradict each other it is the ceiling, however rarely
    the label follows. `out_of_order` and `at_ceiling` in `explain` are the shares of such rows; a
    larger `calibrator_weight` makes them fewer, `training.calibration` moves what is served to
    what was observed. Who needs the conditional more than the joint probability should
    compare with a model that has a loss on it.

    Ours too: start_t, the offsets (base rate and wide part) of a label and its parents combined,
    so that y_t starts at the joint base rate; and modules per (scenario, task). A label with
    `after` has its loss together with its parents, and its total is composed outside
    (`UnclickedTowers`).

    No gradient is stopped, as in the official code (EasyRec's stops it at the parent's tower).
    """

    def __init__(self, config: AITMConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._tasks = tasks
        self._calibrator_weight = config.calibrator_weight
        self._ceiling = config.conditional_ceiling
        self._by_scenario = config.towers == "scenario_task"
        stack = self.scenarios if self._by_scenario else 1
        l2, pooled = config.kernel_l2, config.deviation_l2 if self._by_scenario else None
        labels = (stack, len(tasks.labels))
        self._towers = StackedMLP(labels, config.tower_units, config.dropout, l2, "towers", pooled)
        self._transfers = {
            label.name: InformationTransfer(
                stack,
                config.tower_units[-1],
                config.dropout,
                l2,
                f"transfer_{place}",
                pooled,
            )
            for place, label in enumerate(tasks.labels)
            if label.parent is not None
        }
        # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
        self._last = StackedDense(labels, 1, None, l2, "last", "float32", deviation_l2=pooled)

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """Every label together with its parents, in the entire space."""
        del config
        return tuple(tasks.joint(label.name).name for label in tasks.labels)

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> Mapping[str, Supervision]:
        """The towers, each on its label together with its parents."""
        del config
        joints = [(label, tasks.joint(label.name).name) for label in tasks.labels]
        return {_tower(tasks, label): Supervision(joint) for label, joint in joints}

    def representations(
        self, features: Features, training: bool = False
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns z of every label, and how much each label takes from its parent.

        Returns:
          z, compute dtype [S, C, B, d], S being 1 or K; and the weight of the
          parent's token by label, float32 [S, B], of labels that have a parent.
        """
        inputs = features.flat()[tf.newaxis, tf.newaxis]
        own = tf.unstack(self._towers(inputs, training=training), num=len(self.labels), axis=1)
        found: dict[str, tf.Tensor] = {}
        taken = {}
        for label, tower in zip(self._tasks.labels, own, strict=True):
            found[label.name] = tower
            if label.parent is not None:
                transfer = self._transfers[label.name]
                pair = (found[label.parent], tower)
                found[label.name], weights = transfer(pair, training=training)
                taken[label.name] = weights[:, PARENT]
        return tf.stack(list(found.values()), axis=1), taken

    def tower_log_odds(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns v_t of every label by its name, float32 [B]: together with its parents."""
        hidden, _ = self.representations(features, training)
        logits = tf.transpose(tf.squeeze(self._last(hidden), -1), [0, 2, 1])
        logits = own_of_stack(logits, features.scenario) if self._by_scenario else logits[0]
        starts: dict[str, tf.Tensor] = {}
        for place, label in enumerate(self._tasks.labels):
            start = features.offset[:, place]
            starts[label.name] = (
                start if label.parent is None else both(starts[label.parent], start)
            )
        columns = tf.unstack(logits, num=len(self.labels), axis=1)
        return {
            name: logit + start
            for (name, start), logit in zip(starts.items(), columns, strict=True)
        }

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent and of the towers, float32 [B]."""
        towers = self.tower_log_odds(features, training)
        found = {_tower(self._tasks, label): towers[label.name] for label in self._tasks.labels}
        return found | self._conditionals(towers)

    def _conditionals(self, towers: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label with a parent given it, by output, float32 [B]."""
        ordered: dict[str, tf.Tensor] = {}
        found = {}
        for label in self._tasks.labels:
            value = towers[label.name]
            if label.parent is not None:
                parent = ordered[label.parent]
                name = self._tasks.conditional(label.name).name
                found[name] = given_parent(value, parent, self._ceiling)
                value = in_order(value, parent, self._ceiling)
            ordered[label.name] = value
        return found

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns the calibrator's loss, where a label has a parent: float32 [B].

        A row counts for a label as much as in the label's own loss, `training.loss_weights`
        included; it has no part where the loss of the label or of its parent weighs 0.
        """
        del features, targets, training
        found = []
        for label in self._tasks.labels:
            if label.parent is None:
                continue
            joint, of_parent = (self._tasks.joint(x).name for x in (label.name, label.parent))
            factor = self.loss_weight(joint)
            if factor and self.loss_weight(of_parent):
                pair = (label, self._tasks.label(label.parent))
                own, parent = (tf.sigmoid(predictions[_tower(self._tasks, x)]) for x in pair)
                found.append(factor * weights[joint] * tf.nn.relu(own - parent))
        if not found or not self._calibrator_weight:
            return {}
        return {"calibrator": self._calibrator_weight * tf.add_n(found)}

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns what labels with a parent take from it, means over every scenario's rows.

        `transfer` [K, L], the weight of the parent's token; `out_of_order` [K, L], the share of
        rows in which the label's tower is above its parent's; and `at_ceiling` [K, L], that of rows
        in which the conditional probability is `conditional_ceiling`. Without such labels nothing.
        """
        scenario = features.scenario
        _, taken = self.representations(features)
        if not taken:
            return {}
        towers = self.tower_log_odds(features)
        above = [towers[x] > towers[str(self._tasks.label(x).parent)] for x in taken]
        bounded = [at_ceiling(x, self._ceiling) for x in self._conditionals(towers).values()]
        weights = tf.stack(list(taken.values()), axis=2)
        weights = own_of_stack(weights, scenario) if self._by_scenario else weights[0]
        names = tuple(self._tasks.conditional(x).name for x in taken)
        axes = (self.scenario_axis, Axis("label", names))
        return {
            name: Explanation(scenario_means(values, scenario.numpy(), self.scenarios), axes)
            for name, values in (
                ("transfer", weights.numpy()),
                ("out_of_order", tf.stack(above, axis=1).numpy()),
                ("at_ceiling", tf.stack(bounded, axis=1).numpy()),
            )
        }


def _tower(tasks: TaskGraph, label: Label) -> str:
    """Names a tower's prediction: the output of a root itself, and `click_and_buy@tower`."""
    joint = tasks.joint(label.name).name
    return joint if label.parent is None else f"{joint}@tower"
