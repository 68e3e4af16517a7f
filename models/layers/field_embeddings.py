"""Embeddings of all fields."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

from models.features.inputs import Field, ListField
from models.layers.lookup_l2 import LookupL2
from models.layers.own_scenario import own_rows, own_values


class FieldEmbeddings(keras.layers.Layer):
    """One table a field: indices int [B, P] -> embeddings [B, P, e] in the compute dtype.

    One table a field trains faster than one for all (a field's few rows stay in cache) and
    lets a row be remapped by its token. A field whose tag asks for another width than e is
    projected to it by a kernel without bias, so that its zero stays zero.

    Lists read the tables of fields (`look_up_list`) or tables of their own, which stand next to
    those of the fields.

    With `scenarios` every scenario has tables (and projections) of its own, [K * size, width]
    next to each other, of which a row reads those of its scenario. An architecture makes such
    tables, or a second set of shared ones, with `Architecture.embedding_l2` as their loss.

    The L2 loss is on the looked-up embeddings (`LookupL2`), a vector [B] (see `Architecture`
    on `add_loss`), hence right on any number of replicas.

    Args:
      fields: the fields, in the order of the columns of the indices.
      dim: e.
      l2: the L2 loss; None for none.
      stddev: of the normal initial values.
      trainable: whether training changes them.
      lists: the lists that are looked up.
      scenarios: K, if every scenario has tables of its own; None for one for all.
    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        dim: int,
        l2: LookupL2 | None = None,
        stddev: float = 0.01,
        name: str = "fields",
        trainable: bool = True,
        lists: Sequence[ListField] = (),
        scenarios: int | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False, trainable=trainable)
        self._fields = fields
        sizes = {field.name: (field.size, field.dim or dim) for field in fields}
        for owner in lists:
            sizes.setdefault(owner.table, (owner.size, owner.dim or dim))
        # Assigned whole: checkpoints refuse a layer whose dictionary was changed afterwards.
        self._sizes = sizes
        self._dim = dim
        self._l2 = l2
        self._stddev = stddev
        self._scenarios = scenarios
        self.tables: dict[str, tf.Variable] = {}
        self.projections: dict[str, tf.Variable] = {}

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes a table a field and for every list that shares none, and the projections."""
        copies = self._scenarios or 1
        for name, (size, width) in self._sizes.items():
            self.tables[name] = self.add_weight(
                f"{name}/embeddings",
                (copies * size, width),
                initializer=keras.initializers.RandomNormal(stddev=self._stddev),
                trainable=self.trainable,
                experimental_autocast=False,
            )
            if width != self._dim:
                # Glorot's; Keras would read the scenarios as a convolution's window.
                limit = math.sqrt(6.0 / (width + self._dim))
                self.projections[name] = self.add_weight(
                    f"{name}/projection",
                    (width, self._dim) if self._scenarios is None else (copies, width, self._dim),
                    initializer=keras.initializers.RandomUniform(-limit, limit),
                    trainable=self.trainable,
                    experimental_autocast=False,
                )
        super().build(input_shape)

    def call(
        self, indices: tf.Tensor, training: bool = False, scenario: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Looks the indices [B, P] up.

        Args:
          indices: int [B, P].
          training: whether the L2 loss is added.
          scenario: int [B], read where every scenario has tables of its own.
        """
        columns = []
        for position, field in enumerate(self._fields):
            values = self._own(field.name, indices[:, position], scenario)
            looked_up = tf.gather(self.tables[field.name], values)
            if training and self._l2:
                by_scenario = self._scenarios is not None
                self.add_loss(self._l2(field.name, values, looked_up, by_scenario))
            columns.append(self._projected(field.name, looked_up, scenario))
        return tf.cast(tf.stack(columns, axis=1), self.compute_dtype)

    def look_up_list(
        self,
        column: ListField,
        indices: tf.Tensor,
        mask: tf.Tensor,
        training: bool = False,
        scenario: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Looks up a list of every row: [B, L, e] in the compute dtype; anything where it ends.

        The gradient of a shared table stays sparse (`IndexedSlices`).

        Args:
          column: the list.
          indices: int [B, L].
          mask: where there is a value, bool [B, L].
          training: whether the L2 loss is added.
          scenario: int [B], read where every scenario has tables of its own.
        """
        looked_up = tf.gather(self.tables[column.table], self._own(column.table, indices, scenario))
        if training and self._l2:
            self.add_loss(self._l2.of_lists(looked_up, mask))
        return tf.cast(self._projected(column.table, looked_up, scenario), self.compute_dtype)

    def _own(self, table: str, indices: tf.Tensor, scenario: tf.Tensor | None) -> tf.Tensor:
        """The rows of a table, [B, ...] as the indices."""
        if self._scenarios is None:
            return indices
        if scenario is None:
            raise ValueError("every scenario has tables of its own; pass the rows' `scenario`")
        return own_rows(indices, scenario, self._sizes[table][0])

    def _projected(self, table: str, looked_up: tf.Tensor, scenario: tf.Tensor | None) -> tf.Tensor:
        """What was looked up, [B, (L,) width], in the width of the network."""
        if table not in self.projections:
            return looked_up
        if self._scenarios is None:
            return tf.matmul(looked_up, self.projections[table])
        kernels = self.projections[table]
        flat = tf.reshape(kernels, [self._scenarios, -1])
        own = tf.reshape(own_values(flat, scenario), [-1, *kernels.shape[1:]])
        return tf.einsum("b...w,bwe->b...e", looked_up, own)

    def copy_from(self, other: FieldEmbeddings) -> None:
        """Takes over the values of another one of the same width that has these tables."""
        for column, table in self.tables.items():
            table.assign(other.tables[column])
        for column, projection in self.projections.items():
            projection.assign(other.projections[column])
