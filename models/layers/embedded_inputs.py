"""What an architecture reads of a batch, made of the transformed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.config import ModelConfig
from models.explanation import Explanation
from models.feature_struct import Features, SequenceEmbeddings
from models.features.inputs import (
    SCENARIO_KEY,
    InputLayout,
    MultiValueField,
    SequenceInput,
    lengths_key,
    value_key,
    weights_key,
)
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.first_order import FirstOrder
from models.layers.histories.attention_by_recency import attention_by_recency
from models.layers.histories.history import History
from models.layers.histories.multi_value import MultiValue
from models.layers.histories.recency import mask_of, newest_first, oldest_first
from models.layers.histories.vector_slot import VectorSlot
from models.layers.lookup_l2 import LookupL2
from models.layers.own_scenario import own_output

Batch = Mapping[str, tf.Tensor]


class EmbeddedInputs(keras.layers.Layer):
    """Embeds a batch of transformed columns: `Features`.

    Sequences and multi-valued columns read the tables of the fields that they share, or tables
    of their own; all of them are in `embeddings`.

    With `ModelConfig.scenario_tables` all of it is private to the scenarios: the tables, the
    wide part, and what reads lists and vectors.

    Args:
      layout: the columns.
      model: the settings that all architectures have.
      biases: the initial bias of every conditional output, length C.
      value_counts: see `LookupL2`.

    Attributes:
      embeddings: the tables of all fields and lists.
      embedding_l2: the L2 loss of what is looked up in them.
      first_order: the wide part, of the fields and numbers.
    """

    def __init__(
        self,
        layout: InputLayout,
        model: ModelConfig,
        biases: Sequence[float],
        value_counts: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        super().__init__(name="embedded_inputs", autocast=False)
        self._layout = layout
        self._numbers = layout.numeric if model.numeric else ()
        self._sequences = layout.sequences if model.histories != "none" else ()
        e, l2, stddev = model.embedding_dim, model.kernel_l2, model.embedding_stddev
        self.embedding_l2 = LookupL2(model.embedding_l2, value_counts)
        self._scenarios = scenarios = len(layout.scenarios) if model.scenario_tables else None
        self.embeddings = FieldEmbeddings(
            layout.fields,
            e,
            self.embedding_l2,
            stddev,
            lists=(*layout.multi_values, *(x for group in self._sequences for x in group.columns)),
            scenarios=scenarios,
        )
        self.first_order = FirstOrder(
            layout.fields if model.wide else (),
            len(self._numbers) if model.wide else 0,
            biases,
            LookupL2(model.wide_l2, value_counts),
            scenarios=scenarios,
        )
        copies = range(scenarios or 1)
        self._multi_values = [
            [MultiValue(field.pooling, stddev, field.name) for _ in copies]
            for field in layout.multi_values
        ]
        self._vectors = [
            [VectorSlot(e, l2, stddev, field.name) for _ in copies] for field in layout.vectors
        ]
        self._histories = [
            [
                History(group, layout.fields, model.histories, model.dropout, l2, stddev)
                for _ in copies
            ]
            for group in self._sequences
        ]

    def call(self, batch: Batch, training: bool = False) -> Features:
        """Embeds a batch."""
        layout = self._layout
        own = self._own_tables(batch)
        indices = tf.stack([tf.cast(batch[f.key], tf.int32) for f in layout.fields], axis=1)
        numeric = tf.zeros([tf.shape(indices)[0], 0])
        if self._numbers:
            columns = [tf.cast(batch[value_key(name)], tf.float32) for name in self._numbers]
            numeric = tf.stack(columns, axis=1)
        fields = self.embeddings(indices, training=training, scenario=own)
        vectors = {field.name: batch[field.key] for field in layout.vectors}
        slots = [
            *(
                own_output(layers, own, *self._list(batch, field, training))
                for field, layers in zip(layout.multi_values, self._multi_values, strict=True)
            ),
            *(
                own_output(layers, own, vectors[field.name])
                for field, layers in zip(layout.vectors, self._vectors, strict=True)
            ),
        ]
        parts = [fields]
        if slots:
            parts.append(tf.stack(slots, axis=1))
        sequences = {}
        for group, histories in zip(self._sequences, self._histories, strict=True):
            values, mask = self._sequence(batch, group, training)
            parts.append(own_output(histories, own, values, mask, fields, training=training))
            # Nothing is computed of what no architecture reads.
            in_order = oldest_first(tf.concat(values, axis=2), batch[lengths_key(group.name)])
            sequences[group.name] = SequenceEmbeddings(in_order, mask)
        return Features(
            fields=fields if len(parts) == 1 else tf.concat(parts, axis=1),
            numeric=numeric,
            scenario=tf.cast(batch[SCENARIO_KEY], tf.int32),
            priors=self._priors(fields),
            offset=self.first_order((indices, numeric), training=training, scenario=own),
            indices=indices,
            sequences=sequences,
            vectors=vectors,
        )

    def _priors(self, fields: tf.Tensor) -> tf.Tensor:
        positions = [p for p, field in enumerate(self._layout.fields) if field.prior]
        priors = tf.gather(fields, tf.constant(positions, tf.int32, [len(positions)]), axis=1)
        return tf.reshape(priors, [tf.shape(fields)[0], len(positions) * fields.shape[2]])

    def _own_tables(self, batch: Batch) -> tf.Tensor | None:
        """Returns whose tables the rows read, int32 [B]; None where all read the same."""
        return None if self._scenarios is None else tf.cast(batch[SCENARIO_KEY], tf.int32)

    def _list(
        self, batch: Batch, field: MultiValueField, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Embeds a multi-valued column, [B, L, e]; with its mask [B, L] and its weights."""
        mask = mask_of(batch[lengths_key(field.name)], field.length)
        own = self._own_tables(batch)
        values = self.embeddings.look_up_list(field, batch[field.key], mask, training, own)
        return values, mask, batch[weights_key(field.name)] if field.weighted else None

    def _sequence(
        self, batch: Batch, group: SequenceInput, training: bool = False
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Embeds a group's columns, newest first, [B, L, e] each; and their mask [B, L]."""
        lengths = batch[lengths_key(group.name)]
        mask, own = mask_of(lengths, group.length), self._own_tables(batch)
        values = [
            self.embeddings.look_up_list(
                column, newest_first(batch[column.key], lengths), mask, training, own
            )
            for column in group.columns
        ]
        return values, mask

    def explain(self, batch: Batch, features: Features) -> dict[str, Explanation]:
        """Returns `attention/<group>` [K, L] of every group with attention to the candidate.

        Args:
          batch: the transformed columns.
          features: the same rows, embedded.
        """
        found = {}
        fields = features.fields[:, : len(self._layout.fields)]
        for group, histories in zip(self._sequences, self._histories, strict=True):
            if histories[0].attends:
                values, mask = self._sequence(batch, group)
                attentions = [history.attention for history in histories]
                own = self._own_tables(batch)
                weights = own_output(attentions, own, values, mask, fields)
                found[f"attention/{group.name}"] = attention_by_recency(
                    weights.numpy(), mask.numpy(), features.scenario.numpy(), self._layout.scenarios
                )
        return found
