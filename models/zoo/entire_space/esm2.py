"""ESM2: ESMM with the way to a conversion split by what follows a click."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig, Units
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.towers import Towers
from models.losses.entire_space import EntireSpace
from models.registry import register
from schemas.task_graph import TaskGraph


class ESM2Config(ModelConfig):
    """Hyper-parameters of ESM2; the sizes are ours, as ESMM's.

    Attributes:
      name: the registered name.
      tower_units: widths of a tower's hidden layers.
      towers: one tower per branch (`task`), or per scenario and branch (`scenario_task`).
    """

    name: str = "esm2"
    tower_units: Units = (128, 64)
    towers: Literal["task", "scenario_task"] = "task"


@register("esm2", ESM2Config)
class ESM2(Architecture):
    """Elaborated Entire Space Supervised Multi-task Model (Wen et al., SIGIR 2020).

    Towers on shared embeddings (arXiv 1910.07099), x being all fields and numbers side by side,
    give conditional probabilities of the steps after an impression, ``y_c = sigmoid(t_c(x) +
    offset)``:

        y1 = P(click)                    y3 = P(conversion | click, action)
        y2 = P(action | click)           y4 = P(conversion | click, no action)

    from which the probabilities in the entire space are composed, without parameters,

        pCTR = y1,  pCTAVR = y1 y2,  pCVR = y2 y3 + (1 - y2) y4,  pCTCVR = y1 pCVR

    and the losses are the cross-entropies of click, click and action, and click and conversion,
    each over all impressions, with equal weights (`training.loss_weights` has others).

    The task graph says what is decomposed: a conversion with ``after:click,action`` has
    y3 and y4 where the action follows the click; see `EntireSpace` for several
    actions (any one of them counts) and for chains of them. A label without a related action
    has one tower; where no label has one, this is ESMM, tower by tower. The paper has no
    conversion without a click. As with ESMM, a total of a label with `after` is composed
    outside of it (`UnclickedTowers`), and the label's loss is on click and conversion.

    Ours: the offset, the base rate and wide part of a label, from which both y3 and y4 of a
    conversion start; towers per (scenario, branch); any task graph.
    """

    def __init__(self, config: ESM2Config, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._space = EntireSpace(tasks, unclicked=False)
        self.branches = self._space.branches
        labels = [label.name for label in tasks.labels]
        self._columns = [labels.index(branch.label) for branch in self.branches]
        self._towers = Towers(
            len(self.branches),
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
        return EntireSpace(tasks, unclicked=False).supervised_outputs

    def branch_log_odds(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns the log-odds of every branch, float32 [B, branches]."""
        logits = self._towers(features.flat(), scenario=features.scenario, training=training)
        return logits + tf.gather(features.offset, self._columns, axis=1)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        values = tf.unstack(
            self.branch_log_odds(features, training), num=len(self.branches), axis=1
        )
        names = [branch.name for branch in self.branches]
        return self._space.compose(dict(zip(names, values, strict=True)))

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns `branches` [K, branches]: every scenario's mean probability of each branch."""
        values = tf.sigmoid(self.branch_log_odds(features)).numpy()
        means = scenario_means(values, features.scenario.numpy(), self.scenarios)
        axis = Axis("branch", tuple(branch.name for branch in self.branches))
        return {"branches": Explanation(means, (self.scenario_axis, axis))}
