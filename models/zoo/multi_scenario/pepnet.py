"""PEPNet: gates by priors that scale embeddings by scenario and hidden units by person and item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pydantic
import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig, OptimizerName, TrainingConfig, Units
from models.explanation import Axis, Explanation, numbered, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.gate_nu import GateNU
from models.layers.personal_towers import PersonalTowers
from models.layers.scenario_embedding import ScenarioEmbedding
from models.registry import register
from models.steps.parameter_groups import ParameterGroup
from schemas.graph_names import column_name
from schemas.task_graph import TaskGraph


class PEPNetConfig(ModelConfig):
    """Hyper-parameters of PEPNet; the widths are our choice.

    The paper trains embeddings by Adagrad at .05 and all else by Adam at 5e-6. Here the training's
    optimizer trains both unless the config says otherwise: losses are means over a batch's rows,
    and Keras's Adagrad, whose sum of squares begins at .1, steps by .16 times the gradient at that
    rate, which is little for a value that few rows of thousands have.

    Attributes:
      name: the registered name.
      scenario_gate_units: hidden width of the gate of EPNet.
      tower_units: widths of a tower's hidden layers.
      personal_gate_units: hidden width of a gate of PPNet.
      table_optimizer: of the embedding tables and the wide part; None for the training's.
      table_learning_rate: their rate; None for the training's.
    """

    name: str = "pepnet"
    scenario_gate_units: pydantic.PositiveInt = 64
    tower_units: Units = (128, 64)
    personal_gate_units: pydantic.PositiveInt = 32
    table_optimizer: OptimizerName | None = None
    table_learning_rate: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)] | None = None


@register("pepnet", PEPNetConfig)
class PEPNet(Architecture):
    """Parameter and Embedding Personalized Network (Chang et al., KDD 2023, arXiv 2302.01115).

    With E all fields and numbers of a row side by side, sg a stopped gradient, * the product value
    by value, and every gate a `GateNU` of its own, whose factors are in [0, 2],

        (1) EPNet   O = GateNU([E_s; sg(E)]) * E
        (2) PPNet   delta_m^l = GateNU_m^l([E_p; sg(O)])
                    H_m^{l+1} = relu((delta_m^l * H_m^l) W_m^l + b_m^l),    H_m^1 = O
        (3)         P_m = sigmoid((delta_m^L * H_m^L) w_m + b_m + offset_m)

    for label m and its tower's layers l = 1 ... L (`PersonalTowers`). The gates learn through the
    embeddings of the priors; what they see of the network learns nothing from them.

    E_s are the fields tagged `prior:scenario`; without any, it is a learned vector of the row's
    scenario. E_p are all other priors: `prior:user`, `prior:item`, and `prior` without a role.
    Without any, the gates of (2) read sg(O) alone, as those of AEM2TL do: they still differ from
    row to row, and no embedding learns to be a prior.

    Ours: the sizes, the optimizers (see `PEPNetConfig`), the offset, and that the numbers are gated
    as the embeddings are. All scenarios share the towers, as published.
    """

    def __init__(self, config: PEPNetConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        roles = [(p, field.prior_role) for p, field in enumerate(layout.fields) if field.prior]
        self._scenario_priors = tuple(p for p, role in roles if role == "scenario")
        self._personal_priors = tuple(p for p, role in roles if role != "scenario")
        self._scenario = None
        if not self._scenario_priors:
            self._scenario = ScenarioEmbedding(
                self.scenarios, config.embedding_dim, config.embedding_stddev
            )
        numbers = layout.numeric if config.numeric else ()
        self._inputs = (*self.slots, *(column_name(name) for name in numbers))
        width = len(self.slots) * config.embedding_dim + len(numbers)
        self._gate = GateNU(
            (), config.scenario_gate_units, width, config.kernel_l2, "scenario_gate"
        )
        # One "scenario": all of them share the towers.
        self._towers = PersonalTowers(
            len(self.labels),
            1,
            width,
            config.tower_units,
            config.personal_gate_units,
            dropout=config.dropout,
            kernel_l2=config.kernel_l2,
        )

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        """Gives the tables the optimizer or rate that the config has for them."""
        optimizer, rate = self._config.table_optimizer, self._config.table_learning_rate
        if optimizer is None and rate is None:
            return ()
        return [ParameterGroup(tables, rate or training.learning_rate, optimizer)]

    def embedding_gates(self, features: Features) -> tf.Tensor:
        """Returns the factors of E, (1), compute dtype [B, P * e + N]."""
        x = features.flat()
        if self._scenario is None:
            priors = _side_by_side(features.fields, self._scenario_priors)
        else:
            priors = tf.cast(self._scenario(features.scenario), x.dtype)
        factors: tf.Tensor = self._gate(tf.concat([priors, tf.stop_gradient(x)], axis=1))
        return factors

    def gated_embeddings(self, features: Features) -> tf.Tensor:
        """Returns O, (1), compute dtype [B, P * e + N]."""
        return self.embedding_gates(features) * features.flat()

    def _gate_inputs(self, features: Features, gated: tf.Tensor) -> tf.Tensor:
        """Returns what all gates of (2) read, [1, B, q + P * e + N]."""
        priors = _side_by_side(features.fields, self._personal_priors)
        return tf.concat([priors, tf.stop_gradient(gated)], axis=1)[tf.newaxis]

    def unit_gates(self, features: Features) -> list[tf.Tensor]:
        """Returns delta of every layer's inputs, compute dtype [C, B, in] a layer."""
        read = self._gate_inputs(features, self.gated_embeddings(features))
        return self._towers.gates(read, None)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        gated = self.gated_embeddings(features)
        logits = self._towers(
            gated[tf.newaxis],
            self._gate_inputs(features, gated),
            None,
            training=training,
            all_scenarios=True,
        )
        return self.by_label(logits[0] + features.offset)

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns the mean factors of every scenario's rows, and how far rows differ.

        `embedding_gates` [K, P + N], of every field and number; `unit_gates` [K, C, L], of every
        layer's inputs; `unit_gate_spread` [K, C, L], the standard deviation of a unit's factor
        over the rows (root mean square over the units): 0 where a gate is the same for all.
        """
        scenario = features.scenario.numpy()

        def means(values: np.ndarray) -> np.ndarray:
            return scenario_means(values, scenario, self.scenarios)

        factors = tf.cast(self.embedding_gates(features), tf.float32)
        split = len(self.slots) * features.fields.shape[2]
        of_fields = tf.reshape(factors[:, :split], [-1, *features.fields.shape[1:]])
        inputs = tf.concat([tf.reduce_mean(of_fields, axis=2), factors[:, split:]], axis=1)
        layers, spreads = [], []
        for unit in self.unit_gates(features):
            values = tf.cast(tf.transpose(unit, [1, 0, 2]), tf.float32).numpy()
            mean = means(values)
            # Around each scenario's own mean: a difference of two squares would round.
            squares = means(np.square(values - mean[scenario]))
            layers.append(mean.mean(2))
            spreads.append(np.sqrt(squares.mean(2)))
        axes = (self.scenario_axis, self.label_axis, numbered("layer", len(layers)))
        return {
            "embedding_gates": Explanation(
                means(inputs.numpy()), (self.scenario_axis, Axis("field", self._inputs))
            ),
            "unit_gates": Explanation(np.stack(layers, axis=2), axes),
            "unit_gate_spread": Explanation(np.stack(spreads, axis=2), axes),
        }


def _side_by_side(fields: tf.Tensor, positions: Sequence[int]) -> tf.Tensor:
    """Returns some of the embeddings [B, P, e], [B, len(positions) * e]."""
    chosen = tf.gather(fields, tf.constant(positions, tf.int32, [len(positions)]), axis=1)
    return tf.reshape(chosen, [tf.shape(fields)[0], len(positions) * fields.shape[2]])
