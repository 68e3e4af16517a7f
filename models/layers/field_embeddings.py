"""Embeddings of all fields."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.features.inputs import Field
from models.layers.lookup_l2 import LookupL2


class FieldEmbeddings(keras.layers.Layer):
    """One table a field: indices int [B, P] -> embeddings [B, P, e] in the compute dtype.

    One table a field trains faster than one for all (a field's few rows stay in cache) and
    lets a row be remapped by its token. A field whose tag asks for another width than e is
    projected to it by a kernel without bias, so that its zero stays zero.

    The L2 loss is on the looked-up embeddings (`LookupL2`), a vector [B] (see `Architecture`
    on `add_loss`), hence right on any number of replicas.

    Args:
      fields: the fields, in the order of the columns of the indices.
      dim: e.
      l2: the L2 loss; None for none.
      stddev: of the normal initial values.
      trainable: whether training changes them.
    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        dim: int,
        l2: LookupL2 | None = None,
        stddev: float = 0.01,
        name: str = "fields",
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, autocast=False, trainable=trainable)
        self._fields = fields
        self._dim = dim
        self._l2 = l2
        self._stddev = stddev
        self.tables: dict[str, tf.Variable] = {}
        self.projections: dict[str, tf.Variable] = {}

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes a table a field, and the projections."""
        for field in self._fields:
            width = field.dim or self._dim
            self.tables[field.name] = self.add_weight(
                f"{field.name}/embeddings",
                (field.size, width),
                initializer=keras.initializers.RandomNormal(stddev=self._stddev),
                trainable=self.trainable,
                experimental_autocast=False,
            )
            if width != self._dim:
                self.projections[field.name] = self.add_weight(
                    f"{field.name}/projection",
                    (width, self._dim),
                    initializer="glorot_uniform",
                    trainable=self.trainable,
                    experimental_autocast=False,
                )
        super().build(input_shape)

    def call(self, indices: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Looks the indices [B, P] up."""
        columns = []
        for position, field in enumerate(self._fields):
            looked_up = tf.gather(self.tables[field.name], indices[:, position])
            if training and self._l2:
                self.add_loss(self._l2(field.name, indices[:, position], looked_up))
            if field.name in self.projections:
                looked_up = tf.matmul(looked_up, self.projections[field.name])
            columns.append(looked_up)
        return tf.cast(tf.stack(columns, axis=1), self.compute_dtype)

    def copy_from(self, other: FieldEmbeddings) -> None:
        """Takes over the values of another one of the same fields and width."""
        for column, table in other.tables.items():
            self.tables[column].assign(table)
        for column, projection in other.projections.items():
            self.projections[column].assign(projection)
