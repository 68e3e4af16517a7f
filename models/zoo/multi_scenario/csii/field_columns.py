"""Which columns of a flat row belong to which field."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class FieldColumns:
    """The columns of [..., P * e + N]: P fields of width e, then N numbers.

    Sums and spreads are products with a 0/1 matrix: on a CPU several times as fast as
    reducing or broadcasting along an axis of length e.

    Attributes:
      fields: P.
      width: e.
      numbers: N.
    """

    fields: int
    width: int
    numbers: int

    @property
    def _members(self) -> np.ndarray:
        members = np.repeat(np.eye(self.fields), self.width, axis=1)
        return np.pad(members, [(0, 0), (0, self.numbers)])

    def sums(self, values: tf.Tensor) -> tf.Tensor:
        """Sums the columns of every field, without the numbers: [..., P * e + N] -> [..., P]."""
        return tf.matmul(values, tf.constant(self._members.T, values.dtype))

    def spread(self, values: tf.Tensor, numbers: float) -> tf.Tensor:
        """Repeats a field's value over its columns: [..., P] -> [..., P * e + N].

        Args:
          values: one a field.
          numbers: the value of the numbers' columns.
        """
        spread = tf.matmul(values, tf.constant(self._members, values.dtype))
        if not numbers or not self.numbers:
            return spread
        rest = np.zeros(spread.shape[-1])
        rest[self.fields * self.width :] = numbers
        return spread + tf.constant(rest, values.dtype)
