"""What a model reads of one group of sequences."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.config import Histories
from models.features.inputs import Field, SequenceInput
from models.layers.histories.learned_default import LearnedDefault
from models.layers.histories.pooling import masked_mean, weighted_sum
from models.layers.histories.self_attention import SelfAttention
from models.layers.histories.target_attention import TargetAttention


class History(keras.layers.Layer):
    """The summary of a group of S aligned sequences, [B, S, e] in their order.

    `mean` is the mean of all values. `din` is their sum weighted for the candidate
    (`TargetAttention`): the candidate is the row's embeddings of the fields whose tables columns
    of the group share, the keys are these columns, and the other ones are its context. A group
    that shares no field's table has no candidate, and is pooled by its mean. `attention` is the
    same of what a block of SASRec (`SelfAttention`) makes of the values; without a candidate it
    is the newest value's, as in SASRec. An empty history is a learned vector.

    Args:
      group: the group.
      fields: the layout's fields.
      kind: how it is read; not `none`.
      dropout: of the block.
      kernel_l2: weight of the squared norm of the kernels.
      stddev: of the initial values of what stands for an empty history.
    """

    def __init__(
        self,
        group: SequenceInput,
        fields: tuple[Field, ...],
        kind: Histories,
        dropout: float,
        kernel_l2: float,
        stddev: float,
    ) -> None:
        super().__init__(name=f"history_{group.name}", autocast=False)
        tables = {field.name: position for position, field in enumerate(fields)}
        shares = [column.table in tables for column in group.columns]
        # The keys come first.
        self._order = sorted(range(len(shares)), key=lambda column: not shares[column])
        self._candidates = [
            tables[group.columns[column].table] for column in self._order if shares[column]
        ]
        self._block = SelfAttention(dropout, kernel_l2) if kind == "attention" else None
        self._attention = None
        if kind != "mean" and self._candidates:
            self._attention = TargetAttention(kernel_l2=kernel_l2)
        self._empty = LearnedDefault(stddev, name="empty")

    @property
    def attends(self) -> bool:
        """Whether values have weights that depend on the candidate."""
        return self._attention is not None

    def attention(self, columns: list[tf.Tensor], mask: tf.Tensor, fields: tf.Tensor) -> tf.Tensor:
        """Returns the weight of every value, float32 [B, L]; 0 where there is none.

        Args:
          columns: embeddings of the group's columns, newest first, [B, L, e] each.
          mask: where there is a value, bool [B, L].
          fields: embeddings of the fields, [B, P, e].
        """
        assert self._attention is not None
        return self._attention((self._values(columns, mask), self._candidate(fields)), mask)

    def call(
        self,
        columns: list[tf.Tensor],
        mask: tf.Tensor,
        fields: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Returns the summary; for the arguments see `attention`."""
        values = self._values(columns, mask, training)
        if self._attention is not None:
            weights = self._attention((values, self._candidate(fields)), mask)
            summary = weighted_sum(values, weights)
        else:
            summary = masked_mean(values, mask) if self._block is None else values[:, 0]
        summary = self._empty(summary, mask[:, 0])
        parts = tf.split(summary, len(columns), axis=1)
        return tf.stack([parts[self._order.index(column)] for column in range(len(parts))], axis=1)

    def _values(
        self, columns: list[tf.Tensor], mask: tf.Tensor, training: bool = False
    ) -> tf.Tensor:
        values = columns[0]
        if len(columns) > 1:
            values = tf.concat([columns[column] for column in self._order], axis=2)
        return values if self._block is None else self._block(values, mask, training=training)

    def _candidate(self, fields: tf.Tensor) -> tf.Tensor:
        return tf.concat([fields[:, position] for position in self._candidates], axis=1)
