"""ESMM: one tower a conditional probability, trained in the entire space."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig, Units
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.towers import Towers
from models.registry import register
from schemas.task_graph import TaskGraph


class ESMMConfig(ModelConfig):
    """Hyper-parameters of ESMM.

    Attributes:
      name: the registered name.
      tower_units: widths of a tower's hidden layers; the paper's are 360, 200 and 80.
      towers: one tower a `task`, or one a `scenario_task`.
    """

    name: str = "esmm"
    tower_units: Units = (128, 64)
    towers: Literal["task", "scenario_task"] = "task"


@register("esmm", ESMMConfig)
class ESMM(Architecture):
    """Entire Space Multi-task Model (Ma et al., SIGIR 2018, eq. 1 and 4).

    Towers on shared embeddings give P(click) and P(conversion | click); the losses are on
    P(click) and on their product P(click, conversion), both over all impressions, so that
    the conversion tower learns from rows without a click. There is none on the conditional.

    The paper has two labels. Here every label of the task graph has a tower, and its
    entire-space output, the product along its chain of parents, has the loss: of a label
    with `after` too, whose total, composed outside (`UnclickedTowers`), has none. A loss on it
    would let the way without the parent take the place of the product. Towers a
    (scenario, task) are our choice; the paper's is `towers: task`.
    """

    def __init__(self, config: ESMMConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._towers = Towers(
            len(self.labels),
            config.tower_units,
            self.scenarios if config.towers == "scenario_task" else None,
            config.dropout,
            config.kernel_l2,
            deviation_l2=config.deviation_l2,
        )

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """Every label together with its parents, in the entire space."""
        del config
        return tuple(tasks.joint(label.name).name for label in tasks.labels)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        logits = self._towers(features.flat(), scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)
