"""Rows in memory and streamed: the same rows, in a reproducible order."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_log import encoded, made_rows, write_split

from common.errors import BadDataError
from models.datasets.in_memory import InMemorySplit, files_of, hold
from models.datasets.streamed import StreamedRows, count_and_base_rates
from models.features.inputs import (
    ROW_WEIGHT_KEY,
    SCENARIO_KEY,
    Field,
    index_key,
    target_key,
    weight_key,
)
from models.features.parsing import from_examples
from schemas.contract import Contract


def numbered(rows: int) -> InMemorySplit:
    """Rows whose one integer is their number."""
    numbers = np.arange(rows, dtype=np.int32)[:, np.newaxis]
    return InMemorySplit(("number",), numbers, ("half",), numbers.astype(np.float32) / 2)


def numbers_of(batches: tf.data.Dataset, name: str = "number") -> list[list[int]]:
    return [batch[name].numpy().tolist() for batch in batches]


def test_held_rows_are_the_split_in_the_order_of_its_shards(
    held: InMemorySplit, train_rows: list[dict[str, Any]]
) -> None:
    # Two shards are read side by side, one block of each in turn.
    assert len(held) == len(train_rows)
    assert sorted(held.column(ROW_WEIGHT_KEY)) == sorted(row["weight"] for row in train_rows)
    for column, name in ((target_key("click"), "click"), (target_key("click_and_buy"), "buy")):
        assert held.column(column).sum() == sum(row[name] for row in train_rows)
    scenarios = [["home", "search", "cart"].index(row["scenario"]) for row in train_rows]
    assert sorted(held.column(SCENARIO_KEY)) == sorted(scenarios)
    assert sorted(held.column(index_key("position"))) == sorted(r["position"] for r in train_rows)
    assert (held.integers.dtype, held.floats.dtype) == (np.int32, np.float32)


def test_held_rows_equal_rows_transformed_one_by_one(
    contract: Contract, transform_layer: Any, tmp_path: Any
) -> None:
    rows = made_rows(12, seed=3)
    write_split(tmp_path / "Split-eval", rows, shards=1)
    found = hold(contract, transform_layer, files_of([f"{tmp_path}/Split-eval/*"]), serving=True)
    for number, row in enumerate(rows):
        example = tf.constant([encoded({**row, "position": 0})])
        for name, value in transform_layer(from_examples(contract, example)).items():
            assert found.column(name)[number] == value.numpy()[0], name


def test_validation_sees_the_default_of_train_only_columns(
    contract: Contract, transform_layer: Any, split_files: list[str], held: InMemorySplit
) -> None:
    serving = hold(contract, transform_layer, split_files, serving=True)
    assert set(serving.column(index_key("position"))) == {0}
    assert set(held.column(index_key("position"))) == set(range(10))
    np.testing.assert_array_equal(
        serving.column(target_key("click")), held.column(target_key("click"))
    )


def test_base_rate_is_the_weighted_mean_inside_the_space(
    held: InMemorySplit,
    train_rows: list[dict[str, Any]],
    contract: Contract,
    split_files: list[str],
) -> None:
    clicked = [row for row in train_rows if row["click"]]
    expected = sum(r["weight"] * r["buy"] for r in clicked) / sum(r["weight"] for r in clicked)
    assert held.base_rate("buy_given_click") == pytest.approx(expected)
    count, rates = count_and_base_rates(contract, split_files)
    assert count == len(train_rows)
    assert rates["buy_given_click"] == pytest.approx(expected)


def test_an_epoch_is_full_batches_of_distinct_rows() -> None:
    rows = numbered(103)
    batches = numbers_of(rows.epoch(10, seed=1, epoch=0))
    assert [len(batch) for batch in batches] == [10] * rows.steps(10) == [10] * 10
    flat = [number for batch in batches for number in batch]
    assert len(set(flat)) == 100 and set(flat) <= set(range(103))


def test_order_depends_on_seed_and_epoch_only() -> None:
    rows = numbered(64)
    first = numbers_of(rows.epoch(16, seed=1, epoch=0))
    assert first == numbers_of(rows.epoch(16, seed=1, epoch=0))
    assert first != numbers_of(rows.epoch(16, seed=1, epoch=1))
    assert first != numbers_of(rows.epoch(16, seed=2, epoch=0))


def test_an_epoch_resumed_is_the_rest_of_the_epoch() -> None:
    rows = numbered(64)
    whole = numbers_of(rows.epoch(16, seed=1, epoch=3))
    assert numbers_of(rows.epoch(16, seed=1, epoch=3, first_step=3)) == whole[3:]
    assert numbers_of(rows.epoch(16, seed=1, epoch=3, first_step=4)) == []


def test_a_split_smaller_than_a_batch_is_one_batch() -> None:
    assert numbered(3).steps(10) == 1
    assert [sorted(batch) for batch in numbers_of(numbered(3).epoch(10, 1, 0))] == [[0, 1, 2]]


def test_columns_of_a_batch_belong_to_the_same_rows() -> None:
    for batch in numbered(30).epoch(7, seed=5, epoch=0):
        np.testing.assert_array_equal(batch["half"] * 2, batch["number"])
        assert (batch["number"].dtype, batch["half"].dtype) == (tf.int64, tf.float32)


def test_rows_in_order_end_with_what_is_left() -> None:
    assert numbers_of(numbered(5).in_order(2)) == [[0, 1], [2, 3], [4]]


def test_a_split_above_the_limit_is_not_held(
    contract: Contract, transform_layer: Any, split_files: list[str]
) -> None:
    assert hold(contract, transform_layer, split_files, serving=False, limit=399) is None
    found = hold(contract, transform_layer, split_files, serving=False, limit=400)
    assert found is not None and len(found) == 400


def test_missing_and_empty_splits_are_refused(
    contract: Contract, transform_layer: Any, tmp_path: Any
) -> None:
    with pytest.raises(BadDataError, match=r"no example file matches .*nowhere"):
        files_of([f"{tmp_path}/nowhere/*"])
    write_split(tmp_path / "Split-train", [])
    with pytest.raises(BadDataError, match="holds no row"):
        hold(contract, transform_layer, files_of([f"{tmp_path}/Split-train/*"]), serving=False)


def test_streamed_epochs_are_reproducible_and_resumable(
    contract: Contract, transform_layer: Any, split_files: list[str], held: InMemorySplit
) -> None:
    rows = StreamedRows(contract, transform_layer, split_files, rows=400, buffer_rows=64)
    weight = weight_key("buy_given_click")

    def taken(epoch: int, first_step: int = 0) -> list[list[tuple[int, ...]]]:
        names = (index_key("user"), index_key("position"), weight)
        batches = rows.epoch(32, 1, epoch, first_step)
        return [list(zip(*(b[n].numpy().tolist() for n in names), strict=True)) for b in batches]

    whole = taken(epoch=0)
    assert [len(batch) for batch in whole] == [32] * 12 == [32] * rows.steps(32)
    assert taken(epoch=0) == whole
    assert taken(epoch=0, first_step=9) == whole[9:]
    assert taken(epoch=1) != whole
    names = (index_key("user"), index_key("position"), weight)
    logged = set(zip(*(held.column(name).tolist() for name in names), strict=True))
    assert {row for batch in whole for row in batch} <= logged


def test_values_are_counted_in_memory_and_streamed(
    contract: Contract, transform_layer: Any, split_files: list[str], held: InMemorySplit
) -> None:
    fields = (Field("user", 60), Field("position", 12))
    streamed = StreamedRows(contract, transform_layer, split_files, rows=400)
    for counts in (held.value_counts(fields), streamed.value_counts(fields)):
        for field in fields:
            values = held.column(field.key).tolist()
            wanted = [values.count(value) for value in range(field.size)]
            assert counts[field.column].tolist() == wanted, field


def test_values_are_counted_in_every_scenario(
    contract: Contract, transform_layer: Any, split_files: list[str], held: InMemorySplit
) -> None:
    field, scenarios = Field("user", 60), len(contract.scenarios)
    streamed = StreamedRows(contract, transform_layer, split_files, rows=400)
    rows = zip(held.column(SCENARIO_KEY).tolist(), held.column(field.key).tolist(), strict=True)
    wanted = np.zeros((scenarios, 60), int)
    for scenario, value in rows:
        wanted[scenario, value] += 1
    assert scenarios > 1 and (wanted > 0).sum(axis=1).min() > 0
    for source in (held, streamed):
        counts = source.value_counts([field], scenarios)
        np.testing.assert_array_equal(counts[field.column], wanted)


def test_rows_at_positions_keep_their_columns_together() -> None:
    found = numbered(10).at(np.array([7, 2]))
    assert found.column("number").tolist() == [7, 2]
    assert found.column("half").tolist() == [3.5, 1.0]
    assert dataclasses.replace(found).float_names == ("half",)
