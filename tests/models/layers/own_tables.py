"""An architecture with tables of its own: a second set that all share, and one a scenario."""

from typing import Any

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig
from models.feature_struct import Features
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.towers import Towers


class OwnTablesConfig(ModelConfig):
    """It counts every scenario's values."""

    name: str = "own_tables"

    @property
    def counts_by_scenario(self) -> bool:
        return True


class OwnTables(Architecture):
    """A linear layer on the fields of three sets of tables, and a table that is not trained."""

    def __init__(self, config: OwnTablesConfig, layout: Any, tasks: Any) -> None:
        super().__init__(config, layout, tasks)
        fields, e, l2 = layout.fields, config.embedding_dim, self.embedding_l2
        self.second = FieldEmbeddings(fields, e, l2, name="second")
        self.own = FieldEmbeddings(fields, e, l2, name="own", scenarios=self.scenarios)
        self.nested = [FieldEmbeddings(fields, e, l2, name="frozen", trainable=False)]
        self.head = Towers(len(self.labels), ())

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        sets = [
            features.fields,
            self.second(features.indices, training=training),
            self.own(features.indices, training=training, scenario=features.scenario),
            self.nested[0](features.indices),
        ]
        flat = tf.concat([tf.reshape(x, [-1, x.shape[1] * x.shape[2]]) for x in sets], axis=1)
        logits = self.head(flat, features.scenario, training=training)
        return self.by_label(logits + features.offset)
