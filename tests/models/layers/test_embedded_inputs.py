"""A model's inputs against formulas of numpy, row by row and value by value."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors, weight
from made_lists import HISTORY, HOURS, IMAGE, LABELS, QUERIES, TAGS, with_lists

from models.features.inputs import InputLayout, ListField, lengths_key, weights_key
from models.ranker import Ranker

E, ROWS = 4, 40
INPUTS, TASKS = with_lists(layout()), task_graph(2)
SMALL = {"name": "shared_bottom", "bottom_units": (6,), "tower_units": (), "embedding_dim": E}
KINDS = ("none", "mean", "din")


def made(inputs: InputLayout = INPUTS, **options: Any) -> Ranker:
    ranker = make_ranker({**SMALL, **options}, inputs=inputs)
    randomise(ranker)
    return ranker


class Formula:
    """What the slots of a row must be, from the model's weights."""

    def __init__(self, ranker: Ranker, rows: dict[str, np.ndarray], kind: str) -> None:
        self._rows, self._kind = rows, kind
        self._weights = {v.name: v.numpy().astype(np.float64) for v in ranker.weights}
        self._names = tuple(self._weights)
        self._found: dict[str, np.ndarray] = {}

    def _weight(self, suffix: str) -> np.ndarray:
        if suffix not in self._found:
            (name,) = [name for name in self._names if name.endswith(f"{suffix}:0")]
            self._found[suffix] = self._weights[name]
        return self._found[suffix]

    def embedded(self, table: str, index: np.ndarray) -> np.ndarray:
        found = self._weight(f"fields/{table}/embeddings")[index]
        if any(f"/{table}/projection" in name for name in self._names):
            found = found @ self._weight(f"fields/{table}/projection")
        return found

    def values(self, column: ListField, length: int, row: int) -> np.ndarray:
        """Oldest first, only what is there: [length, e]."""
        return self.embedded(column.table, self._rows[column.key][row, :length])

    def slots(self, row: int) -> np.ndarray:
        rows = self._rows
        found = [self.embedded(f.name, rows[f.key][row]) for f in INPUTS.fields]
        for field in (TAGS, HOURS, LABELS):
            length = rows[lengths_key(field.name)][row]
            x = self.values(field, length, row)
            w = rows[weights_key(field.name)][row, :length] if field.weighted else np.ones(length)
            if not length:
                found.append(self._weight(f"embedded_inputs/{field.name}/empty/vector"))
            elif field.pooling == "mean":
                found.append(w @ x / w.sum())
            else:
                found.append(x.sum(0) if field.pooling == "sum" else x.max(0))
        vector = rows[IMAGE.key][row]
        kernel, bias = (self._weight(f"image/projection/{x}") for x in ("kernel", "bias"))
        missing = self._weight("image/missing/vector")
        found.append(vector @ kernel + bias if np.any(vector != 0) else missing)
        if self._kind != "none":
            found += [*self.history(row), *self.queries(row)]
        return np.stack(found)

    def history(self, row: int) -> np.ndarray:
        length = self._rows[lengths_key("history")][row]
        if not length:
            # The key comes first in what is kept: seen, action, gap.
            seen, action, gap = np.split(self._weight("history_history/empty/vector"), 3)
            return np.stack([action, seen, gap])
        columns = np.stack([self.values(x, length, row) for x in HISTORY.columns])
        if self._kind == "mean":
            return columns.mean(1)
        weights = [self.attention(row, columns[:, at], length - 1 - at) for at in range(length)]
        return np.tensordot(columns, np.array(weights), ([1], [0]))

    def attention(self, row: int, value: np.ndarray, recency: int) -> float:
        action, key, gap = value
        item = self.embedded("item", self._rows["item__index"][row])
        unit = "target_attention/"
        hidden = np.concatenate([key, action, gap]) @ self._weight(f"{unit}kernel")
        hidden += item @ self._weight(f"{unit}query_kernel")
        hidden += (item * key) @ self._weight(f"{unit}product_kernel")
        hidden = np.maximum(hidden + self._weight(f"{unit}position")[recency], 0)
        last, bias = self._weight(f"{unit}last_kernel"), self._weight(f"{unit}bias")
        return float((hidden @ last + bias)[0])

    def queries(self, row: int) -> np.ndarray:
        length = self._rows[lengths_key("queries")][row]
        if not length:
            return self._weight("history_queries/empty/vector")[None]
        return self.values(QUERIES.columns[0], length, row).mean(0, keepdims=True)


@pytest.mark.parametrize("kind", KINDS)
def test_slots_are_the_formula(kind: str) -> None:
    ranker, rows = made(histories=kind), batch(ROWS, INPUTS, TASKS)
    features = ranker.features(tensors(rows))
    formula = Formula(ranker, rows, kind)
    wanted = np.stack([formula.slots(row) for row in range(ROWS)])
    assert wanted.shape[1] == len(INPUTS.slots(kind != "none")) == len(ranker.architecture.slots)
    np.testing.assert_allclose(features.fields, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(features.vectors["image"], rows[IMAGE.key])


def test_sequences_are_embedded_oldest_first_with_their_masks() -> None:
    ranker, rows = made(), batch(ROWS, INPUTS, TASKS)
    formula = Formula(ranker, rows, "din")
    found = ranker.features(tensors(rows)).sequences
    assert list(found) == ["history", "queries"]
    for group in (HISTORY, QUERIES):
        lengths = rows[lengths_key(group.name)]
        np.testing.assert_array_equal(
            found[group.name].mask, np.arange(group.length) < lengths[:, None]
        )
        for row, length in enumerate(lengths):
            wanted = np.concatenate([formula.values(x, length, row) for x in group.columns], 1)
            values = found[group.name].embeddings[row].numpy()
            np.testing.assert_allclose(values[:length], wanted, rtol=1e-5, atol=1e-6)
            assert np.all(values[length:] == 0)
    assert made(histories="none").features(tensors(rows)).sequences == {}


@pytest.mark.parametrize("kind", [*KINDS, "attention"])
def test_what_stands_behind_the_last_value_changes_nothing(kind: str) -> None:
    ranker, rows = made(histories=kind, embedding_l2=0.1), batch(ROWS, INPUTS, TASKS)
    other = dict(rows)
    lists = [(x.name, x) for x in INPUTS.multi_values]
    lists += [(group.name, x) for group in INPUTS.sequences for x in group.columns]
    for owner, column in lists:
        behind = np.arange(column.length) >= rows[lengths_key(owner)][:, None]
        other[column.key] = np.where(behind, column.size - 1, rows[column.key])
    np.testing.assert_array_equal(
        ranker.features(tensors(rows)).fields, ranker.features(tensors(other)).fields
    )
    total = tf.constant(float(ROWS))
    first, second = (ranker.training_step.gradients(tensors(x), total) for x in (rows, other))
    assert first.losses["loss"] == second.losses["loss"]
    for a, b in zip(first.gradients, second.gradients, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(a), tf.convert_to_tensor(b), atol=1e-7)


def test_a_shared_table_learns_from_histories_by_sparse_gradients() -> None:
    ranker, rows = made(), batch(ROWS, INPUTS, TASKS)
    gradients = ranker.training_step.gradients(tensors(rows), tf.constant(float(ROWS))).gradients
    by_name = {v.name: x for v, x in zip(ranker.trainable_variables, gradients, strict=True)}
    assert all(np.any(tf.convert_to_tensor(x).numpy() != 0) for x in by_name.values())
    (item,) = [x for name, x in by_name.items() if name.endswith("item/embeddings:0")]
    assert isinstance(item, tf.IndexedSlices)
    seen = rows["seen__indices"][np.arange(5) < rows[lengths_key("history")][:, None]]
    in_history_only = np.setdiff1d(seen, rows["item__index"])
    assert len(in_history_only) > 0
    dense = tf.convert_to_tensor(item).numpy()
    assert np.all(np.any(dense[in_history_only] != 0, axis=1))
    never = np.setdiff1d(np.arange(40), [*seen, *rows["item__index"]])
    assert np.all(dense[never] == 0)
    assert len([v for v in ranker.weights if "item/embeddings" in v.name]) == 1


def test_l2_counts_every_value_of_a_list_and_no_other() -> None:
    ranker, rows = made(embedding_l2=0.1, wide=False), batch(ROWS, INPUTS, TASKS)
    squares = 0.0
    for field in INPUTS.fields:
        squares += (
            weight(ranker, f"fields/{field.name}/embeddings").numpy()[rows[field.key]] ** 2
        ).sum()
    lists = [(x.name, x) for x in INPUTS.multi_values]
    lists += [(group.name, x) for group in INPUTS.sequences for x in group.columns]
    for owner, column in lists:
        there = np.arange(column.length) < rows[lengths_key(owner)][:, None]
        table = weight(ranker, f"fields/{column.table}/embeddings").numpy()
        squares += (table[rows[column.key][there]] ** 2).sum()
    losses = ranker.train_step(tensors(rows))
    assert losses["penalty"].numpy() == pytest.approx(0.1 * squares / ROWS, rel=1e-5)


def test_attention_is_averaged_by_recency_over_the_rows_that_have_it() -> None:
    ranker, rows = made(), batch(ROWS, INPUTS, TASKS)
    rows["scenario__id"] = np.minimum(rows["scenario__id"], 1)
    rows[lengths_key("history")] = np.minimum(rows[lengths_key("history")], 4)
    formula = Formula(ranker, rows, "din")
    sums, counts = np.zeros((3, 5)), np.zeros((3, 5))
    for row, (length, k) in enumerate(
        zip(rows[lengths_key("history")], rows["scenario__id"], strict=True)
    ):
        columns = np.stack([formula.values(x, length, row) for x in HISTORY.columns])
        for r in range(length):
            sums[k, r] += formula.attention(row, columns[:, length - 1 - r], r)
            counts[k, r] += 1
    found = ranker.explain(tensors(rows))
    assert [name for name in found if "/" in name] == ["attention/history"]
    axes = found["attention/history"].axes
    assert [axis.name for axis in axes] == ["scenario", "recency"]
    assert axes[1].entries == ("0", "1", "2", "3", "4")
    with np.errstate(invalid="ignore"):
        wanted = sums / counts
    assert np.all(np.isnan(wanted[2])) and np.all(np.isnan(wanted[:, 4]))
    np.testing.assert_allclose(found["attention/history"].values, wanted, rtol=1e-4, atol=1e-6)
    assert found["attention/history"].document()["values"][2][0] is None
    assert made(histories="mean").explain(tensors(rows)) == {}


def test_an_untrained_block_of_self_attention_is_din_and_the_newest_value() -> None:
    rows = batch(ROWS, INPUTS, TASKS)
    din = make_ranker(SMALL, inputs=INPUTS)
    block = make_ranker({**SMALL, "histories": "attention"}, inputs=INPUTS)
    mine = {v.name: v for v in din.weights}
    for variable in block.weights:
        if variable.name in mine:
            variable.assign(mine[variable.name])
    found, wanted = (x.features(tensors(rows)).fields.numpy() for x in (block, din))
    np.testing.assert_allclose(found[:, :-1], wanted[:, :-1], rtol=1e-5, atol=1e-7)
    formula = Formula(din, rows, "din")
    for row, length in enumerate(rows[lengths_key("queries")]):
        if length:
            newest = formula.values(QUERIES.columns[0], length, row)[-1]
            np.testing.assert_allclose(found[row, -1], newest, rtol=1e-5, atol=1e-7)
    assert list(block.explain(tensors(rows))) == ["attention/history"]
