"""DNN: one plain network that answers for all labels."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig, Units
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.own_scenario import own_of_stack
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP
from models.registry import register
from schemas.task_graph import TaskGraph


class DNNConfig(ModelConfig):
    """Hyper-parameters of DNN.

    Attributes:
      name: the registered name.
      units: widths of the hidden layers.
      networks: one network that all scenarios share (`shared`), or one a `scenario`.
      tables: one set of embedding tables and weights of the wide part (`shared`), or one a
        `scenario`.
    """

    name: str = "dnn"
    units: Units = (256, 128)
    networks: Literal["shared", "scenario"] = "shared"
    tables: Literal["shared", "scenario"] = "shared"

    @property
    def scenario_tables(self) -> bool:
        """Whether `tables` is `scenario`."""
        return self.tables == "scenario"


@register("dnn", DNNConfig)
class DNN(Architecture):
    """``P_m = sigmoid((f(x) W)_m + offset_m)``: a perceptron f and one output a label.

    x is all fields and numbers side by side. The labels share everything up to the last
    kernel W, so that this is what any model of many scenarios and tasks has to beat: the one
    network for all of them (`networks: shared`; the scenario is a field among the others
    where the schema gives its column a treatment), or one network for every scenario,
    ``f_k`` and ``W_k`` (`networks: scenario`), of which a row trains its own only.

    With `tables: scenario` as well nothing is shared, unless `deviation_l2` pools the networks:
    the tables, the wide part and what reads lists and vectors are private to the scenarios, so
    that it is K models, trained side by side on the rows of their own scenarios. (Only the
    towers of labels with `after`, `UnclickedTowers`, are common as everywhere; they change
    nothing else.)
    """

    def __init__(self, config: DNNConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._by_scenario = config.networks == "scenario"
        stack = (self.scenarios,) if self._by_scenario else ()
        pooled = config.deviation_l2 if self._by_scenario else None
        self._hidden = StackedMLP(
            stack, config.units, config.dropout, config.kernel_l2, "hidden", pooled
        )
        # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
        self._last = StackedDense(
            stack,
            len(self.labels),
            None,
            config.kernel_l2,
            "last",
            "float32",
            deviation_l2=pooled,
        )

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        inputs = features.flat()
        if self._by_scenario:
            inputs = inputs[tf.newaxis]
        logits = self._last(self._hidden(inputs, training=training))
        if self._by_scenario:
            logits = own_of_stack(logits, features.scenario)
        return self.by_label(logits + features.offset)
