"""What an architecture reads of a batch."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf


class SequenceEmbeddings(NamedTuple):
    """A sequence group, embedded.

    Attributes:
      embeddings: of every value, its columns side by side, compute dtype [B, L, S * e]; oldest
        first, newest last, zeros behind the last one.
      mask: True where there is a value, bool [B, L]: the first `length` positions.
    """

    embeddings: tf.Tensor
    mask: tf.Tensor


class Features(NamedTuple):
    """One batch, embedded.

    Attributes:
      fields: embeddings in the order of `InputLayout.slots`, compute dtype [B, P, e]: the
        layout's fields, then one for each multi-valued column, vector and, as
        `ModelConfig.histories` has it, column of a sequence.
      numeric: z-scored numbers, float32 [B, N]; N = 0 where the config leaves them out.
      scenario: scenario ids, int32 [B].
      priors: embeddings of the personal prior fields side by side, compute dtype [B, q].
      offset: what every label's logit starts from, float32 [B, C] for the C labels in the
        task graph's order: the bias and the wide (first-order) part. An architecture adds
        its own logits to it.
      indices: the indices of the layout's fields, int32 [B, len(layout.fields)], for
        architectures with tables of their own.
      sequences: the sequence groups by name; none where `ModelConfig.histories` is `none`.
      vectors: the vectors by graph name, float32 [B, dim].
    """

    fields: tf.Tensor
    numeric: tf.Tensor
    scenario: tf.Tensor
    priors: tf.Tensor
    offset: tf.Tensor
    indices: tf.Tensor
    sequences: dict[str, SequenceEmbeddings] = {}  # noqa: RUF012 - no one writes to it
    vectors: dict[str, tf.Tensor] = {}  # noqa: RUF012

    def flat(self) -> tf.Tensor:
        """Returns fields and numbers side by side, compute dtype [B, P * e + N]."""
        _, fields, width = self.fields.shape
        flat = tf.reshape(self.fields, [-1, fields * width])
        return tf.concat([flat, tf.cast(self.numeric, flat.dtype)], axis=1)
