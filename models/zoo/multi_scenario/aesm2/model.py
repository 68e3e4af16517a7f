"""AESM2: rows select experts by scenario, and above them experts by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.architecture import Architecture
from models.explanation import Explanation
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates, over_shared
from models.layers.scenario_embedding import ScenarioEmbedding
from models.layers.towers import Towers
from models.registry import register
from models.zoo.multi_scenario.aesm2.config import AESM2Config
from models.zoo.multi_scenario.aesm2.expert_selection import Selection
from models.zoo.multi_scenario.aesm2.selected_experts import SelectedExperts
from models.zoo.multi_scenario.aesm2.selected_shares import by_row, selected_shares
from schemas.task_graph import TaskGraph


@register("aesm2", AESM2Config)
class AESM2(Architecture):
    """Automatic Expert Selection for Multi-scenario and Multi-task search (Zou et al., SIGIR 2022).

    arXiv 2205.14321. For a row of scenario k, x being all fields and numbers side by side, d_k a
    learned vector of the scenario, e_m one of the label, and h = x at first,

        (1) scenario level  Z_jn = w_jn [h; d_k] + c_jn, a gate j for each of K scenarios
                            h' = sum_n g_n E_n(h), g a softmax of Z_k over the selected experts
        (2) task level      Z_jn = w_jn [h_m; d_k; e_m] + c_jn, a gate j for each of C labels
                            h'_m = sum_n g_mn E_n(h_m), g_m a softmax of Z_m over the selected
        (3) prediction      P_m = sigmoid(t_m(h_m) + offset_m)

    The experts of a level are one pool, of all scenarios or of all labels. Which of them a row
    mixes is decided by its scores (`selection`): those that its own gate wants more than the other
    gates do, and those that all gates want alike. How far a row's selected experts are from
    that are the auxiliary losses `scenario_specific`, `scenario_shared`, `task_specific` and
    `task_shared`: means over the selected experts and labels, sums over levels. They train all
    gates of a level, to differ in the former experts and to agree in the latter.

    As in a published implementation, noise reaches the selection and its losses, not the weights.
    Ours: all sizes and weights; scenario levels that all select by the same scenarios, since one
    column is no tree of them; linear gates, as in the paper, which that implementation
    normalises over a batch. With one scenario (label) nothing is selected, and all experts of
    its levels are mixed. `deviation_l2` concerns the towers of scenarios alone: gates that start as
    one have nothing to select by.

    Cost: all N experts of a level are computed for every row, and those of a task level above the
    first for every label. What grows with K is the gates.
    """

    def __init__(self, config: AESM2Config, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        labels = len(self.labels)
        self._loss_weights = (
            ("specific", config.specific_weight if config.top_specific else 0.0),
            ("shared", config.shared_weight if config.top_shared else 0.0),
        )
        width, stddev = config.embedding_dim, config.embedding_stddev
        self._scenario_vectors = ScenarioEmbedding(self.scenarios, width, stddev)
        self._label_vectors = ScenarioEmbedding(labels, width, stddev, "label_embedding")
        units = config.expert_units
        self._scenario_levels = [
            SelectedExperts(
                self.scenarios, config.scenario_experts, units, config, f"scenario_level_{at}"
            )
            for at in range(config.scenario_levels)
        ]
        units = config.task_expert_units
        self._task_levels = [
            SelectedExperts(labels, config.task_experts, units, config, f"task_level_{at}")
            for at in range(config.task_levels)
        ]
        self._towers = Towers(
            labels,
            config.tower_units,
            self.scenarios if config.towers == "scenario_task" else None,
            config.dropout,
            config.kernel_l2,
            deviation_l2=config.deviation_l2,
        )

    def scenario_levels(
        self, features: Features, training: bool = False
    ) -> tuple[tf.Tensor, list[Selection]]:
        """Returns h of every row behind (1), compute dtype [B, h], and what each level selects."""
        hidden, found = features.flat(), []
        vectors = self._scenario_vectors(features.scenario)
        own = tf.transpose(tf.one_hot(features.scenario, self.scenarios))[..., tf.newaxis]
        for level in self._scenario_levels:
            read = tf.concat([tf.cast(hidden, tf.float32), vectors], axis=1)
            hidden, chosen = level(hidden, read[tf.newaxis], own, training=training)
            found.append(chosen)
        return hidden, found

    def task_levels(
        self, features: Features, hidden: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, list[Selection]]:
        """Returns h_m of every label, compute dtype [C, B, h], and what each level selects.

        Args:
          features: the rows.
          hidden: h behind (1), [B, h].
          training: whether there is noise, and units are dropped.
        """
        labels, found = len(self.labels), []
        own = tf.eye(labels)[:, :, tf.newaxis, tf.newaxis]
        of_scenario = self._scenario_vectors(features.scenario)[tf.newaxis]
        of_labels = self._label_vectors(tf.range(labels))[:, tf.newaxis]
        vectors = [
            tf.repeat(of_scenario, labels, axis=0),
            tf.repeat(of_labels, tf.shape(of_scenario)[1], axis=1),
        ]
        for level in self._task_levels:
            read = tf.cast(hidden, tf.float32)
            if read.shape.rank == 2:
                read = tf.repeat(read[tf.newaxis], labels, axis=0)
            read = tf.concat([read, *vectors], axis=2)
            hidden, chosen = level(hidden, read[:, tf.newaxis], own, training=training)
            found.append(chosen)
        return hidden, found

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B].

        And the divergences that the auxiliary losses are made of, `@scenario_specific` and so on.
        """
        hidden, of_scenarios = self.scenario_levels(features, training)
        hidden, of_tasks = self.task_levels(features, hidden, training)
        logits = self._towers(hidden, features.scenario, training=training)
        found = self.by_label(logits + features.offset)
        if self.scenarios > 1:
            found |= _divergences("scenario", of_scenarios)
        if len(self.labels) > 1:
            of_labels = _divergences("task", of_tasks)
            found |= {name: tf.reduce_mean(x, axis=0) for name, x in of_labels.items()}
        return found

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns the auxiliary losses of both kinds of levels; rows without a label have none."""
        row_weights = tf.reduce_max(tf.stack([*weights.values()]), axis=0)
        found = {}
        for kind in ("scenario", "task"):
            for part, weight in self._loss_weights:
                divergence = predictions.get(f"@{kind}_{part}")
                if weight and divergence is not None:
                    found[f"{kind}_{part}"] = weight * row_weights * divergence
        return found

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `scenario_gates_LEVEL`, and `task_gates_LEVEL` of every label."""
        hidden, of_scenarios = self.scenario_levels(features)
        _, of_tasks = self.task_levels(features, hidden)
        found = {}
        for at, level in enumerate(of_scenarios):
            found[f"scenario_gates_{at}"] = over_shared(level.weights, name=f"scenario_{at}")
        for at, level in enumerate(of_tasks):
            weights = by_row(level.weights)
            found[f"task_gates_{at}"] = over_shared(weights, self.label_axis, name=f"task_{at}")
        return found

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns how often every scenario's rows select an expert as specific, and as shared.

        `scenario_specific` and `scenario_shared` [K, L, N]; `task_specific` and `task_shared`
        [K, L, C, N]; for L levels of N experts.
        """
        hidden, of_scenarios = self.scenario_levels(features)
        _, of_tasks = self.task_levels(features, hidden)
        scenario, axis = features.scenario.numpy(), self.scenario_axis
        return selected_shares("scenario", of_scenarios, scenario, (axis,)) | selected_shares(
            "task", of_tasks, scenario, (axis, self.label_axis)
        )


def _divergences(kind: str, levels: Sequence[Selection]) -> dict[str, tf.Tensor]:
    """Returns the sums over levels, in the shape of one level's."""
    return {
        f"@{kind}_specific": tf.add_n([level.specific_divergence for level in levels]),
        f"@{kind}_shared": tf.add_n([level.shared_divergence for level in levels]),
    }
