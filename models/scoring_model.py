"""The model that scores: embeddings, an architecture, and the outputs of the task graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from common.settings import SettingsError
from models import registry
from models.calibration.calibration import Calibration, Curves
from models.config import ModelConfig, TrainingConfig
from models.explanation import Axis, Explanation
from models.feature_struct import Features
from models.features.inputs import SCENARIO_KEY, InputLayout
from models.gates import Gates, explained, logged
from models.initial_biases import initial_biases
from models.layers.embedded_inputs import Batch, EmbeddedInputs
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.first_order import FirstOrder
from models.layers.unclicked_towers import UnclickedTowers
from models.losses.label_space import LabelSpace
from models.losses.unclicked import unclicked_branches
from models.precision import precision
from models.steps.batch import one_row
from schemas.task_graph import TaskGraph


class ScoringModel(tfrs.models.Model):
    """Scores every output of the task graph: ``model(batch) -> {output: float32 [B]}``.

    `Ranker` is this with what trains it, and has the same arguments.

    Raises:
      SettingsError: `base_rates` name an output that has none, a base rate is not inside (0, 1),
        or counts are wanted and missing.
    """

    def __init__(
        self,
        layout: InputLayout,
        tasks: TaskGraph,
        model: ModelConfig,
        training: TrainingConfig,
        base_rates: Mapping[str, float] | None = None,
        value_counts: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        keras.utils.set_random_seed(training.seed)
        # Targets and weights share the batch with the features and must stay float32.
        super().__init__(name="ranker", dtype="float32", autocast=False)
        self.layout = layout
        self.model_config = model
        self.training_config = training
        self.label_space = LabelSpace(tasks)
        self._tasks = tasks
        self._calibration: Calibration | None = None
        branches = unclicked_branches(tasks)
        known = (*self.label_space.conditionals, *(branch.name for branch in branches))
        rates = base_rates or {}
        biases = dict(zip(known, initial_biases(known, rates), strict=True))
        counts = value_counts if model.counts_values else None
        if model.counts_values and counts is None:
            raise SettingsError("model.l2_per is 'value'; give the ranker the values' counts")
        with precision(training.precision):
            starts = [biases[name] for name in self.label_space.conditionals]
            self.embedded_inputs = EmbeddedInputs(layout, model, starts, counts)
            self.architecture = registry.architecture(model.name)(model, layout, tasks)
            self.architecture.embedding_l2.use_counts_of(self.embedded_inputs.embedding_l2)
            self.architecture.start_unclicked(
                {branch.label: biases[branch.name] for branch in branches if branch.name in rates}
            )
            own = self.architecture.totals
            self._unclicked = tuple(b for b in branches if tasks.total(b.label).name not in own)
            # Last, since what is made after it would start from other random numbers.
            if self._unclicked:
                starts = [biases[branch.name] for branch in self._unclicked]
                self.unclicked_towers = UnclickedTowers(starts, self.layout, model.kernel_l2)
            self(one_row(layout))

    @property
    def embeddings(self) -> FieldEmbeddings:
        """The embedding tables."""
        return self.embedded_inputs.embeddings

    @property
    def first_order(self) -> FirstOrder:
        """The wide part."""
        return self.embedded_inputs.first_order

    @property
    def tables(self) -> list[tf.Variable]:
        """What trains in embedding tables and the wide part, the architecture's own too."""
        shared = (self.embeddings, self.first_order)
        own = [variable for layer in shared for variable in layer.trainable_variables]
        return [*own, *self.architecture.tables]

    def indices(self, batch: Batch) -> tf.Tensor:
        """Returns the indices of the fields of a batch, int64 [B, P]."""
        return tf.stack([tf.cast(batch[f.key], tf.int64) for f in self.layout.fields], axis=1)

    def features(self, batch: Batch, training: bool = False) -> Features:
        """Embeds a batch of transformed columns."""
        return self.embedded_inputs(batch, training=training)

    def call(self, inputs: Batch, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the probability of every output of the task graph, float32 [B].

        They are calibrated once `calibrate` was called.

        Args:
          inputs: transformed columns.
          training: whether dropout is on and auxiliary losses are added.
        """
        log_odds = self.log_odds(inputs, training)
        if self._calibration is not None:
            log_odds = self._calibration(log_odds, inputs[SCENARIO_KEY])
        return {name: tf.sigmoid(values) for name, values in log_odds.items()}

    def log_odds(self, inputs: Batch, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every output as they were learned, not calibrated; [B]."""
        predictions = self.predictions(self.features(inputs, training=training), training)
        return {output.name: predictions[output.name] for output in self._tasks.outputs}

    def calibrate(self, curves: Mapping[str, Curves]) -> None:
        """Has probabilities follow these curves from now on, in what is traced after it.

        The losses do not: a model that goes on training goes on from what it has learned.

        Args:
          curves: see `Calibration`.
        """
        self._calibration = Calibration(self._tasks, curves)

    def predictions(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns what the architecture predicts, and the log-odds of every output.

        Those of the labels without their parents are among them.

        Args:
          features: the embedded rows.
          training: whether dropout is on and auxiliary losses are added.
        """
        found = dict(self.architecture(features, training=training))
        if self._unclicked:
            values = tf.unstack(self.unclicked_towers(features), num=len(self._unclicked), axis=1)
            names = [branch.name for branch in self._unclicked]
            found |= dict(zip(names, values, strict=True))
        return found | self.label_space.compose(found)

    def explain(self, batch: Batch) -> dict[str, Explanation]:
        """Returns what the model has learned, seen on the rows of a batch."""
        features = self.features(batch)
        inputs = self.embedded_inputs.explain(batch, features)
        gates = explained(*self._gates(features))
        return gates | self.architecture.explain(features) | inputs

    def gate_logs(self, batch: Batch) -> dict[str, Any]:
        """Returns how gates use their experts on the rows of a batch, for the history."""
        return logged(*self._gates(self.features(batch)))

    def _gates(self, features: Features) -> tuple[dict[str, Gates], np.ndarray, Axis]:
        architecture = self.architecture
        scenario = features.scenario.numpy()
        return architecture.expert_gates(features), scenario, architecture.scenario_axis

    def prepare_export(self, batches: Iterable[Batch]) -> dict[str, Any]:
        """Gives the architecture its last form; see `Architecture.prepare_export`."""
        return self.architecture.prepare_export(self.features(batch) for batch in batches)
