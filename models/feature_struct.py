"""What an architecture reads of a batch."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf


class Features(NamedTuple):
    """One batch, embedded.

    Attributes:
      fields: embeddings of the fields in the layout's order, compute dtype [B, P, e].
      numeric: z-scored numbers, float32 [B, N]; N = 0 where the config leaves them out.
      scenario: scenario ids, int32 [B].
      priors: embeddings of the personal prior fields side by side, compute dtype [B, q].
      offset: what every label's logit starts from, float32 [B, C] for the C labels in the
        task graph's order: the bias and the wide (first-order) part. An architecture adds
        its own logits to it.
      indices: the fields' indices, int32 [B, P], for architectures with tables of their own.
    """

    fields: tf.Tensor
    numeric: tf.Tensor
    scenario: tf.Tensor
    priors: tf.Tensor
    offset: tf.Tensor
    indices: tf.Tensor

    def flat(self) -> tf.Tensor:
        """Returns fields and numbers side by side, compute dtype [B, P * e + N]."""
        _, fields, width = self.fields.shape
        flat = tf.reshape(self.fields, [-1, fields * width])
        return tf.concat([flat, tf.cast(self.numeric, flat.dtype)], axis=1)
