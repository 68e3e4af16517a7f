"""DFFM: feature interactions and histories that the domain facilitates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from common.settings import SettingsError
from common.suggestions import nearest
from models.architecture import Architecture
from models.explanation import Axis, Explanation, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.histories.attention_by_recency import attention_by_recency
from models.layers.histories.recency import newest_first
from models.layers.scenario_embedding import ScenarioEmbedding
from models.layers.stacked_mlp import StackedMLP
from models.layers.towers import Towers
from models.registry import register
from models.zoo.multi_scenario.dffm.behaviour_attention import BehaviourAttention
from models.zoo.multi_scenario.dffm.config import DFFMConfig
from models.zoo.multi_scenario.dffm.micro_network import MicroNetwork
from models.zoo.multi_scenario.dffm.pair_products import pair_products
from models.zoo.multi_scenario.dffm.roles import roles_of
from schemas.task_graph import TaskGraph


@register("dffm", DFFMConfig)
class DFFM(Architecture):
    """Domain Facilitated Feature Modeling (CIKM 2023, doi 10.1145/3583780.3615469).

    With the embeddings E of a row: those of the domain E^d, of the target item E^t (see `roles_of`)
    and all others E^a,

        DFFI:  h_dom = all <u_i, u_j>, i < j, of u = [D(E^a); E^t; E^d]          (eq. 3 to 7)
               h_DFFI = MLP([h_dom; E])                                          (eq. 8)
        DFUB:  h_DFUB = multi-head attention over the history, made by E^t, E^d  (eq. 9 to 12)
        P_m = sigmoid(t_m([h_DFFI; h_DFUB]) + offset_m)                          (eq. 13 and 14)

    Equation 2, <D(e_i), D(e_j)>, has D on both partners of every pair. That E^t and E^d enter the
    products as they are follows the paper's figure instead.

    See `MicroNetwork` on D and `BehaviourAttention` on DFUB. Each group of sequences has a DFUB;
    a log without sequences has none. The numbers join E.

    The paper has one label; a tower for every label, on the same h, is ours, and so is its hidden
    layer (with no `tower_units` it is eq. 14). Ours too: an embedding of the scenario itself in
    E^d, next to the fields tagged `prior:scenario`. Where one of these is the scenario's column, as
    in all shipped schemas, the scenario is two tokens of u, with an embedding each. The weights of
    D are the scenario's alone, unless `micro_columns` names other fields of the domain.

    DFUB adds to a history's summary in `Features.fields` (`histories`), of which it takes the place
    among the fields: an empty history is the learned vector there. The matrix of DFUB is filled
    with the embeddings of target and domain as they are; the scenario has so many more numbers
    that they fill it.

    All scenarios share all else: each adds `MicroNetwork.parameters` and two embeddings.

    Raises:
      SettingsError: `micro_columns` names what is no column of the domain.
    """

    def __init__(self, config: DFFMConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        reads = config.histories != "none"
        width, l2 = config.embedding_dim, config.kernel_l2
        self._roles = roles_of(layout, reads)
        # A log of nothing but an item has no other fields to transform.
        self._transformed = self._roles.agnostic or self._roles.target
        self._raw = tuple(p for p in self._roles.raw if p not in self._transformed)
        self._priors = self._read_by_micro(config.micro_columns)
        self._columns = len(layout.slots(False))
        self._groups = layout.sequences if reads else ()
        self._micro = MicroNetwork(
            self.scenarios,
            config.micro_units,
            config.micro_identity,
            config.embedding_stddev,
            l2,
            config.deviation_l2 or 0.0,
        )
        self._interactions = StackedMLP(
            (), config.interaction_units, config.dropout, l2, "interactions"
        )
        stddev = config.embedding_stddev
        self._domain = ScenarioEmbedding(self.scenarios, width, stddev, "domain")
        given, units = width * len(self._roles.raw), config.head_units
        self._shape = (units, math.ceil((given + width) / units))
        if self._groups:
            rest = math.prod(self._shape) - given
            self._domain_of_behaviours = ScenarioEmbedding(
                self.scenarios, rest, stddev, "domain_of_behaviours"
            )
        self._behaviours = [
            BehaviourAttention(config.heads, *self._shape, l2, f"behaviours_{group.name}")
            for group in self._groups
        ]
        self._towers = Towers(len(self.labels), config.tower_units, None, config.dropout, l2)

    def _read_by_micro(self, columns: Sequence[str]) -> tuple[int, ...]:
        """Returns the positions of the columns that change the weights of D."""
        known = {self.slots[p]: p for p in self._roles.domain}
        for name in columns:
            if name not in known:
                hint = nearest(name, known) if known else "the schema has none"
                raise SettingsError(
                    f"model.micro_columns: '{name}' is no column with the tag prior:scenario; "
                    f"{hint}"
                )
        return tuple(p for name, p in known.items() if name in columns)

    def tokens(self, features: Features) -> tf.Tensor:
        """Returns u, what is multiplied in pairs, [B, n, e]; its order is that of `token_names`."""
        moved = _taken(features.fields, self._transformed)
        priors = _side_by_side(_taken(features.fields, self._priors))
        domain = self._domain(features.scenario)[:, tf.newaxis]
        return tf.concat(
            [
                self._micro((moved, priors), features.scenario),
                _taken(features.fields, self._raw),
                tf.cast(domain, moved.dtype),
            ],
            axis=1,
        )

    @property
    def token_names(self) -> tuple[str, ...]:
        """The columns of `tokens`; the scenario's own embedding is `(scenario)`."""
        return (*(self.slots[p] for p in (*self._transformed, *self._raw)), "(scenario)")

    def _flat(self, features: Features) -> tf.Tensor:
        """Returns E and the numbers, [B, (P + 1) e + N], P without histories."""
        fields = _side_by_side(features.fields[:, : self._columns])
        others = [self._domain(features.scenario), features.numeric]
        return tf.concat([fields, *(tf.cast(x, fields.dtype) for x in others)], axis=1)

    def matrix_of_rows(self, features: Features) -> tf.Tensor:
        """Returns the E of DFUB, [B, head_units, m]; for logs with histories."""
        given = _side_by_side(_taken(features.fields, self._roles.raw))
        scenario = self._domain_of_behaviours(features.scenario)
        numbers = tf.concat([given, tf.cast(scenario, given.dtype)], axis=1)
        return tf.reshape(numbers, [-1, *self._shape])

    def behaviours(self, features: Features) -> list[tf.Tensor]:
        """Returns h_DFUB of every group of S sequences, [B, S e]; none without histories."""
        found: list[tf.Tensor] = []
        first = self._columns
        for group, layer in zip(self._groups, self._behaviours, strict=True):
            last = first + len(group.columns)
            summary = _side_by_side(features.fields[:, first:last])
            values, mask = features.sequences[group.name]
            found.append(summary + layer((values, self.matrix_of_rows(features)), mask))
            first = last
        return found

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        pairs = pair_products(self.tokens(features))
        joined = tf.concat([pairs, self._flat(features)], axis=1)
        interactions = self._interactions(joined, training=training)
        hidden = tf.concat([interactions, *self.behaviours(features)], axis=1)
        logits = self._towers(hidden, None, training=training)
        return self.by_label(logits + features.offset)

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns the means over every scenario's rows.

        `interactions` [K, n, n], the size of every pair's product, NaN of a token with itself;
        `change` [K, A], how far D moves an embedding, as a share of its length; and
        `behaviours/<group>` [K, L], the weight of every recency in DFUB, mean of the heads.
        """
        scenario = features.scenario.numpy()

        def means(values: np.ndarray) -> np.ndarray:
            return scenario_means(values, scenario, self.scenarios)

        tokens = tf.cast(self.tokens(features), tf.float32)
        products = means(np.abs(pair_products(tokens).numpy()))
        count = tokens.shape[1]
        matrix = np.full((self.scenarios, count, count), np.nan)
        first, second = np.triu_indices(count, 1)
        matrix[:, first, second] = matrix[:, second, first] = products
        names = self.token_names
        transformed = len(self._transformed)
        before = tf.cast(_taken(features.fields, self._transformed), tf.float32).numpy()
        moved = np.linalg.norm(tokens.numpy()[:, :transformed] - before, axis=2)
        length = np.linalg.norm(before, axis=2)
        change = np.divide(moved, length, out=np.zeros_like(moved), where=length > 0)
        found = {
            "interactions": Explanation(
                matrix, (self.scenario_axis, Axis("field", names), Axis("with_field", names))
            ),
            "change": Explanation(
                means(change), (self.scenario_axis, Axis("field", names[:transformed]))
            ),
        }
        for group, layer in zip(self._groups, self._behaviours, strict=True):
            values, mask = features.sequences[group.name]
            weights = layer.attention(values, mask, self.matrix_of_rows(features))
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
            newest = newest_first(tf.reduce_mean(weights, axis=1), lengths)
            found[f"behaviours/{group.name}"] = attention_by_recency(
                newest.numpy(), mask.numpy(), scenario, self.layout.scenarios
            )
        return found


def _taken(fields: tf.Tensor, positions: Sequence[int]) -> tf.Tensor:
    """Returns some of the embeddings [B, P, e], [B, len(positions), e]."""
    return tf.gather(fields, tf.constant(positions, tf.int32, [len(positions)]), axis=1)


def _side_by_side(fields: tf.Tensor) -> tf.Tensor:
    """Returns embeddings [B, n, e] as [B, n e]."""
    return tf.reshape(fields, [-1, fields.shape[1] * fields.shape[2]])
