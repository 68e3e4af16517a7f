"""AutoIFS: flows between scenarios and tasks, and gates that remove the harmful ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from models.architecture import Architecture
from models.config import TrainingConfig
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.stacked_mlp import StackedMLP
from models.registry import register
from models.schedule import Phase
from models.steps.parameter_groups import ParameterGroup
from models.zoo.multi_scenario.autoifs.config import AutoIFSConfig
from models.zoo.multi_scenario.autoifs.epoch_mean import EpochMean
from models.zoo.multi_scenario.autoifs.flow_selection import FlowSelection
from models.zoo.multi_scenario.autoifs.gate_agreement import GateAgreement, by_name
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS, InformationFlows
from models.zoo.multi_scenario.autoifs.search_schedule import (
    RETRAIN,
    SEARCH,
    search_and_retrain,
)
from models.zoo.multi_scenario.autoifs.static_gates import StaticGates
from schemas.task_graph import TaskGraph


@register("autoifs", AutoIFSConfig)
class AutoIFS(Architecture):
    """Automatic Information Flow Selection (Yang et al., WSDM 2026, arXiv 2512.13396).

    A bottom that all share, four flows f_j of every label (`InformationFlows`) and a
    network that scores from sg(x) for every row which of them to remove (`FlowSelection`),

        x = fields and numbers side by side
        logit_m = offset_m + sum_j (1 - g_mj) f_mj          additive
        logit_m = offset_m + full_m - sum_j g_mj f_mj       subtractive

    Search: g = sigmoid(T w), T from 1 to `final_temperature` by one factor an epoch (a
    search of one epoch stays at 1); the selection network learns with all other weights on
    the same loss. Retraining: the weights return to an earlier epoch, the gates are hard,
    g = 1[w > 0] without gradient, and the selection network is as the search left it and
    reads a frozen copy of the fields' embeddings as they were then, which doubles their memory.
    What a row's lists add to x it reads as it is: histories attend to what is trained.

    Export: gates of a row's own, or static ones of a (scenario, label, flow) where nearly all
    rows of validation agree (`GateAgreement`, `StaticGates`).

    Ours are the offset (bias and wide part), z-scored numbers among the inputs, dropout (in
    the bottom), more than one layer a level, additive flows, early stopping with the
    training's patience, L2 on looked-up embeddings, a holdout for the search, static and
    fixed gates, selection heads that start at zero, and gates at the training's rate. The
    offset is outside of the flows: no gate can remove it. The flows' layers start as in the
    published code. Its embeddings are Xavier uniform over a table of all values, its bottom and
    selection PyTorch's linear layers, kernels and biases uniform within 1 / sqrt(in); ours are
    normal with `embedding_stddev`, and Glorot uniform with zero biases.
    """

    def __init__(self, config: AutoIFSConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        self._phase = SEARCH
        shape = (self.scenarios, len(self.labels), len(FLOWS))
        self._static = StaticGates.fixed(config.fixed_flows, shape)
        self._searches = config.fixed_flows is None
        self._bottom = StackedMLP(
            (), config.bottom_units, config.dropout, config.kernel_l2, name="bottom"
        )
        self._flows = InformationFlows(
            self.scenarios,
            len(self.labels),
            config.scenario_units,
            config.task_units,
            config.rank,
            config.fusion,
            config.activation,
            config.kernel_l2,
        )
        self._selection = FlowSelection(
            len(self.labels), len(FLOWS), config.selection_units, config.selection_start == "zero"
        )
        self._frozen = FieldEmbeddings(
            layout.fields, config.embedding_dim, name="frozen_fields", trainable=False
        )
        self._mean_gate = EpochMean((len(self.labels), len(FLOWS)), name="mean_gate")

    def build(self, input_shape: Any) -> None:
        """Makes what the first call, in the search and not in training, does not read."""
        for layer in (self._frozen, self._mean_gate) if self._searches else (self._mean_gate,):
            with tf.name_scope(layer.name):
                layer.build(tf.TensorShape([]))
        self._temperature = self.add_weight(
            "temperature", initializer="ones", trainable=False, experimental_autocast=False
        )
        super().build(input_shape)

    def scores(self, features: Features) -> tf.Tensor:
        """Returns w, float32 [B, C, 4]: a flow with a positive one is better removed."""
        if self._phase == RETRAIN:
            lists = features.fields[:, len(self.layout.fields) :]
            fields = [self._frozen(features.indices), tf.stop_gradient(lists)]
            features = features._replace(fields=tf.concat(fields, axis=1))
        return self._selection(features.flat())

    def gates(self, features: Features) -> tf.Tensor:
        """Returns g, float32 [B, C, 4], how much of each flow is removed: soft in the search."""
        scores = self.scores(features)
        if self._phase == SEARCH:
            return tf.sigmoid(self._temperature * scores)
        return tf.stop_gradient(tf.cast(scores > 0, tf.float32))

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        if self._static is None:
            removed, built = self.gates(features), None
        else:
            # Nothing is computed of a flow that no scenario uses.
            removed = self._static.removed(features.scenario, lambda: self.gates(features))
            built = self._static.computed(where_kept=self._additive)
        if training:
            self._mean_gate(removed)
            if self._phase == SEARCH and any(self._config.gate_penalty):
                penalties = tf.reduce_mean(removed * tf.constant(self._config.gate_penalty), axis=2)
                self.add_loss(tf.reduce_sum(penalties, axis=1))
        if self._additive and built is not None and not built.any():
            return self.by_label(features.offset)
        hidden = self._bottom(features.flat(), training=training)
        logits, flows = self._flows(hidden, scenario=features.scenario, built=built)
        logits += features.offset
        factors = 1 - removed if self._additive else -removed
        for flow, values in flows.items():
            logits += factors[:, :, flow] * values
        return self.by_label(logits)

    @property
    def _additive(self) -> bool:
        return self._config.fusion == "additive"

    def phases(self, training: TrainingConfig) -> tuple[Phase, ...]:
        """Returns search and retraining; with fixed flows one phase. See `search_and_retrain`."""
        if not self._searches:
            return super().phases(training)
        return search_and_retrain(self._config, training.max_epochs)

    def start_phase(self, name: str) -> None:
        """Makes the gates soft and trained, or hard and fixed."""
        self._phase = name
        self._selection.trainable = name == SEARCH

    def start_epoch(self, phase: str, epoch: int) -> None:
        """Sets the temperature, and starts the gates' average over where the epoch is a new one."""
        if phase == SEARCH:
            last = max(self._config.search_epochs - 1, 1)
            self._temperature.assign(self._config.final_temperature ** (epoch / last))
            self._mean_gate.start(epoch)
        else:
            self._mean_gate.start(self._config.search_epochs + epoch)

    def finish_phase(self, name: str, embeddings: FieldEmbeddings) -> None:
        """Keeps the embeddings that the selection network has learned to read."""
        if name == SEARCH:
            self._frozen.copy_from(embeddings)

    @property
    def kept_through_rewind(self) -> Sequence[tf.Variable]:
        """The selection network and the embeddings that it reads."""
        return [*self._selection.weights, *self._frozen.weights]

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        """Gives the selection network an optimizer of its own."""
        if not self._searches:
            return ()
        rate = self._config.gate_learning_rate or training.learning_rate
        return [ParameterGroup(self._selection.trainable_variables, rate, rows="holdout")]

    @property
    def holdout_share(self) -> float:
        """The rows that in the search train the selection network alone."""
        searching = self._searches and self._phase == SEARCH
        return self._config.search_holdout if searching else 0.0

    def epoch_logs(self) -> dict[str, Any]:
        """Returns the epoch's mean gate of every label and flow, and the search's temperature."""
        means = self._mean_gate.result().tolist()
        gates = {
            label: dict(zip(FLOWS, row, strict=True))
            for label, row in zip(self.labels, means, strict=True)
        }
        if self._phase != SEARCH:
            return {"mean_gate": gates}
        return {"mean_gate": gates, "temperature": float(self._temperature.numpy())}

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns `kept` and `gate_value`, and after `prepare_export` `exported`, all [K, C, 4].

        `kept` is the fraction of a scenario's rows whose hard gate keeps the flow,
        `gate_value` the mean of sigmoid(w), the gate at temperature 1. Both are those of
        the selection network, of a model with static gates too. `exported` is 1 where the
        exported model always keeps the flow, 0 where it never does, NaN where rows decide.
        """
        if not self._searches:
            return {}
        scores = self.scores(features)
        scenario = features.scenario.numpy()
        axes = (self.scenario_axis, self.label_axis, Axis("flow", FLOWS))
        values = {"kept": scores <= 0, "gate_value": tf.sigmoid(scores)}
        found = {
            name: scenario_means(rows.numpy(), scenario, self.scenarios)
            for name, rows in values.items()
        }
        if self._static is not None:
            kept = self._static.kept.astype(np.float64)
            found["exported"] = np.where(self._static.static, kept, np.nan)
        return {name: Explanation(array, axes) for name, array in found.items()}

    def prepare_export(self, batches: Iterable[Features]) -> dict[str, Any]:
        """Makes gates static, where the config asks for it, by all rows of validation.

        Returns:
          `gates`: whether all are now `static`, all stay `dynamic`, or some are (`mixed`);
          `exported`, what becomes of every flow: `kept`, `removed` or `dynamic`; and what it
          was decided by, see `GateAgreement`. Nothing where the config asks for dynamic gates.
        """
        if self._config.export_gates == "dynamic" or not self._searches:
            return {}
        found = GateAgreement.of(
            (
                (self.scores(features).numpy() > 0, features.scenario.numpy())
                for features in batches
            ),
            self.scenarios,
        )
        self._static = found.static(self._config.static_agreement)
        names = self.layout.scenarios, self.labels, FLOWS
        return {
            "gates": self._static.form,
            "static_agreement": self._config.static_agreement,
            "exported": by_name(self._static.fates, *names),
            **found.document(*names),
        }
