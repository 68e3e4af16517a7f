"""CausalInt: what holds in every scenario, what each adds, and what they can borrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from common.settings import SettingsError
from common.suggestions import nearest
from models.architecture import Architecture
from models.config import ModelConfig
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.softmax import softmax
from models.layers.towers import Towers
from models.losses.predictions import Supervision
from models.registry import register
from models.steps.train_step import TrainStep
from models.zoo.multi_scenario.causalint.config import CausalIntConfig
from models.zoo.multi_scenario.causalint.conflict import conflict, scenario_gradients
from models.zoo.multi_scenario.causalint.labelled_step import LabelledStep, Labels, labels_of_step
from models.zoo.multi_scenario.causalint.representations import Representations
from models.zoo.multi_scenario.causalint.trans_net import TransNet
from schemas.task_graph import TaskGraph

if TYPE_CHECKING:
    from models.ranker import Ranker

_LOGITS, _GRADIENTS = "@scenario_logits", "@gradients"


@register("causalint", CausalIntConfig)
class CausalInt(Architecture):
    """Causal Inter-scenario model (Wang et al., CausalInt, KDD 2022).

    x being all fields and numbers side by side, s the row's scenario, m a label and sg a stopped
    gradient:

    1. Invariant representation. ``z_inv = E_inv(x)``, ``z_sce = E_sce(x)``,

           L1 = BCE(w_m z_inv + offset_m, y_m),  L2 = CE(W_s z_sce, s),  pi = softmax(W_s z_sce)
           L3 = BCE(v_m [z_inv; z_sce] + offset_m, y_m)
           L_orth = <g1 / |g1|, g2 / |g2|>^2,  g1 = dL1/dx, g2 = dL2/dx of every row

       L_orth has the labels and the scenario depend on different inputs.
    2. Negative effects. Between the invariant and what is a scenario's: the scenarios' losses are
       measured after a step ``z' = z_inv - inner_rate dL1'/dz_inv`` that makes L1 smaller; L1' is
       the row's L1 with a weight of 1 for every label that is known.
       Between scenarios: L_orth_all, see `conflict`, on the gradients G_d of their losses in z_inv.
    3. Transfer. `TransNet` makes a matrix for every row, from what each scenario would make of it,
       weighted by pi, and ``P_m = sigmoid(t_{s,m}(r_m) + offset_m)``, r_m being z' read through it.
       The loss of these is the sum of the scenarios' losses L_d.

    The loss is the sum of all. z' is that of a step of the training (`LabelledStep`); scoring and
    validation read z_inv.

    The paper's full text was not available to us; this follows its abstract and a public
    implementation, in which L_orth, the step and L_orth_all are switched off. Ours: several labels
    (the paper has one), for which the encoders, pi and the matrices are the same, and classifiers,
    Q and towers a label's own; L1 and g1 are then of the sum over labels, each in its own space.
    L1 and L3 start from sg(offset), since the wide part and the base rates are what the towers
    learn. The inner step is a row's own: neither the size of the batch nor the row's weight nor
    `training.loss_weights` lengthens it. Where labels are sampled at different rates, its length
    would otherwise say what the label is, and scoring takes no step. Gradients in x are those of
    the network as it scores. Rows without any known label have no L2 and no L_orth.

    Cost: L_orth passes through both encoders once more, and its gradient through that pass and
    the one back; every generator reads every row.
    """

    def __init__(self, config: CausalIntConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        labels, l2 = len(self.labels), config.kernel_l2
        read = self._columns_of_invariant()
        self._representations = Representations(config, self.scenarios, labels, read)
        self._trans_net = TransNet(
            self.scenarios, labels, config.transfer_width, l2, config.deviation_l2
        )
        self._towers = Towers(
            labels,
            config.tower_units,
            self.scenarios,
            config.dropout,
            l2,
            deviation_l2=config.deviation_l2,
        )

    def _columns_of_invariant(self) -> np.ndarray | None:
        """Returns 1 for the columns of x that E_inv reads, 0 for the others; None for all.

        Raises:
          SettingsError: `invariant_without` names what is no column.
        """
        hidden = self._config.invariant_without
        for name in hidden:
            if name not in self.slots:
                raise SettingsError(
                    f"model.invariant_without: '{name}' is no column that the model embeds; "
                    f"{nearest(name, self.slots)}"
                )
        if not hidden:
            return None
        kept = np.array([name not in hidden for name in self.slots], np.float32)
        numbers = len(self.layout.numeric) if self._config.numeric else 0
        return np.concatenate([np.repeat(kept, self._config.embedding_dim), np.ones(numbers)])

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> Mapping[str, Supervision]:
        """The labels' predictions, those of L1 (`click@invariant`) and of L3 (`click@combined`)."""
        assert isinstance(config, CausalIntConfig)
        found = dict(super().supervisions(config, tasks))
        for output in cls.outputs_with_loss(config, tasks):
            found[f"{output}@invariant"] = Supervision(output, config.invariant_weight)
            found[f"{output}@combined"] = Supervision(output, config.combined_weight)
        return found

    def train_step(self, ranker: Ranker) -> TrainStep:
        """Makes a step in which the labels are known."""
        return LabelledStep(ranker)

    def adapted(self, invariant: tf.Tensor, logits: tf.Tensor, labels: Labels) -> tf.Tensor:
        """Returns ``z' = z_inv - inner_rate dL1'/dz_inv``, float32 [B, h].

        A label that is not known, or whose loss has the weight 0, adds nothing to the step.

        Args:
          invariant: z_inv, float32 [B, h].
          logits: of L1, float32 [B, M].
          labels: of the rows.
        """
        # The classifier is linear. Autodiff differentiates this gradient once more.
        kernel = self._representations.label_kernel
        slope = tf.matmul(labels.unweighted_slopes(logits), kernel, transpose_b=True)
        if self._config.inner_order == "first":
            slope = tf.stop_gradient(slope)
        return invariant - self._config.inner_rate * slope

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, of L1 and of L3, float32 [B].

        And what the other losses read: `@scenario_logits` [B, K] and, in a step of a training,
        `@gradients`, of every row's losses L_d in z_inv, [B, h].
        """
        parts, start = self._representations, tf.stop_gradient(features.offset)
        x, labels = features.flat(), labels_of_step() if training else None
        invariant, aware = parts.invariant(x, training), parts.aware(x, training)
        scenario_logits = parts.scenarios_of_aware(aware)
        stops = training and self._config.stop_cross_gradient and self.scenarios > 1
        own = tf.one_hot(features.scenario, self.scenarios) if stops else None
        matrices = self._trans_net.matrices(aware, softmax(scenario_logits), own)

        def of_labels(representation: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """Returns the logits, and those of L1, of z_inv in float32."""
            first = parts.labels_of_invariant(representation) + start
            if labels is not None and self._config.inner_rate:
                representation = self.adapted(representation, first, labels)
            read = self._trans_net(tf.cast(representation, invariant.dtype), matrices)
            logits = self._towers(read, features.scenario, training=training)
            return logits + features.offset, first

        found = {_LOGITS: scenario_logits}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            precise = tf.cast(invariant, tf.float32)
            if labels is not None and self._has_conflict:
                tape.watch(precise)
            logits, first = of_labels(precise)
        if labels is not None and self._has_conflict:
            slopes = labels.slopes(logits)
            found[_GRADIENTS] = tape.gradient(logits, precise, output_gradients=slopes)
        both = parts.labels_of_both(invariant, aware) + start
        for suffix, values in (("", logits), ("@invariant", first), ("@combined", both)):
            found |= {f"{name}{suffix}": value for name, value in self.by_label(values).items()}
        return found

    @property
    def _has_conflict(self) -> bool:
        return self.scenarios > 1 and self._config.conflict_weight > 0

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns L2 (`scenario`), L_orth (`orthogonality`) and L_orth_all (`conflict`).

        The last two are there in steps of a training. L_orth_all is one number, that of the batch,
        in every row.
        """
        found: dict[str, tf.Tensor] = {}
        if self.scenarios == 1:
            return found
        config, own = self._config, tf.one_hot(features.scenario, self.scenarios)
        row_weights = tf.reduce_max(tf.stack([*weights.values()]), axis=0)
        if config.scenario_weight:
            entropy = tf.nn.softmax_cross_entropy_with_logits(own, predictions[_LOGITS])
            found["scenario"] = config.scenario_weight * row_weights * entropy
        labels = labels_of_step() if training else None
        if labels is not None and config.orthogonality_weight:
            cosines = self._squared_cosines(features, labels.slopes)
            found["orthogonality"] = config.orthogonality_weight * row_weights * cosines
        if labels is not None and config.conflict_weight:
            gradients = scenario_gradients(predictions[_GRADIENTS], own)
            of_batch = conflict(gradients, config.conflict_directions == "constant")
            found["conflict"] = config.conflict_weight * of_batch * tf.ones_like(row_weights)
        return found

    def _squared_cosines(
        self, features: Features, slopes: Callable[[tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        start = tf.stop_gradient(features.offset)
        return self._representations.squared_cosines(
            features.flat(), start, features.scenario, slopes
        )

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns the means over every scenario's rows.

        `transfer_weights` [K, K], pi: how much of a row's matrix is that of which scenario;
        `gradient_cosines` [K, M], the squared cosine between what a label's logit from z_inv and
        the scenario's are sensitive to, 0 where they depend on different inputs.
        """
        scenario, labels = features.scenario.numpy(), len(self.labels)

        def means(values: tf.Tensor) -> np.ndarray:
            return scenario_means(values.numpy(), scenario, self.scenarios)

        parts = self._representations
        posterior = softmax(parts.scenarios_of_aware(parts.aware(features.flat())))

        def cosines(label: int) -> tf.Tensor:
            only = tf.one_hot(label, labels)
            return self._squared_cosines(features, lambda logits: tf.ones_like(logits) * only)

        alike = tf.zeros([len(scenario), labels])
        if self.scenarios > 1:
            alike = tf.stack([cosines(label) for label in range(labels)], axis=1)
        origin = Axis("from_scenario", self.layout.scenarios)
        return {
            "transfer_weights": Explanation(means(posterior), (self.scenario_axis, origin)),
            "gradient_cosines": Explanation(means(alike), (self.scenario_axis, self.label_axis)),
        }
