"""Exact indices and z-scores of the transform graph."""

import collections
import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_log import encoded

from models.features.inputs import SCENARIO_KEY, Field, index_key, value_key
from models.features.layout import build_input_layout
from models.features.parsing import from_dense, from_examples
from models.features.vocabularies import vocabulary_name
from schemas.contract import Contract
from schemas.graph_names import graph_names

LOGGED = ("user", "brand", "city")


def bucket(value: Any, buckets: int) -> int:
    text = value if isinstance(value, bytes) else str(value)
    return int(tf.strings.to_hash_bucket_fast(text, buckets))


@pytest.fixture(scope="module")
def outputs(contract: Contract, transform_layer: Any) -> Any:
    """A function: rows with the columns that vary -> transformed columns."""

    def run(*rows: dict[str, Any]) -> dict[str, list[Any]]:
        required = {"scenario": "home", "user": 1}
        examples = tf.constant([encoded({**required, **row}) for row in rows])
        columns = transform_layer(from_examples(contract, examples))
        return {name: values.numpy().tolist() for name, values in columns.items()}

    return run


def known_tokens(rows: list[dict[str, Any]], column: str, min_count: int = 1) -> list[bytes]:
    """Most frequent first, ties by token from the last to the first."""
    counts = collections.Counter(str(row[column]).encode() for row in rows if column in row)
    tokens = [(count, token) for token, count in counts.items() if count >= min_count]
    return [token for _, token in sorted(tokens, reverse=True)]


def test_vocabularies_hold_what_was_seen_often_enough(
    train_rows: list[dict[str, Any]], transform_output: Any
) -> None:
    for column, min_count in (("user", 2), ("brand", 1), ("city", 1)):
        found = transform_output.vocabulary_by_name(vocabulary_name(column))
        assert found == known_tokens(train_rows, column, min_count)
    assert b"999" not in transform_output.vocabulary_by_name(vocabulary_name("user"))


def test_no_column_can_be_called_as_the_cut_name_of_another() -> None:
    cut = vocabulary_name("a" * 121).removesuffix("__vocabulary")
    called = graph_names([cut, cut.replace("-", "__"), "a" * 121])
    assert len({vocabulary_name(name) for name in called.values()}) == 3
    assert cut not in called.values()


def test_learned_index_is_the_position_in_the_vocabulary(
    outputs: Any, train_rows: list[dict[str, Any]]
) -> None:
    users = known_tokens(train_rows, "user", 2)
    brands = known_tokens(train_rows, "brand")
    found = outputs({"user": int(users[0]), "brand": brands[3].decode()}, {"user": int(users[17])})
    assert found[index_key("user")] == [0, 17]
    assert found[index_key("brand")][0] == 3


def test_unseen_and_missing_ids_share_the_oov_buckets(
    outputs: Any, train_rows: list[dict[str, Any]]
) -> None:
    users, brands = (known_tokens(train_rows, *args) for args in (("user", 2), ("brand",)))
    found = outputs({"user": 999, "brand": "never seen"}, {"user": 31337}, {"brand": ""})
    assert found[index_key("user")][:2] == [len(users) + bucket(x, 2) for x in (999, 31337)]
    assert found[index_key("brand")] == [len(brands)] * 3


def test_string_domain_is_a_fixed_list(outputs: Any) -> None:
    found = outputs({"gender": "f"}, {"gender": "m"}, {"gender": "x"}, {})
    assert found[index_key("gender")] == [0, 1, 2 + bucket("x", 3), 2 + bucket("", 3)]


def test_int_range_is_an_offset(outputs: Any) -> None:
    hours = [{"hour": hour} for hour in (5, 8, 4, 9, -(2**62))]
    assert outputs(*hours, {})[index_key("hour")] == [0, 3, 4, 4, 4, 4]


def test_numbers_are_z_scored_over_finite_values(
    outputs: Any, train_rows: list[dict[str, Any]]
) -> None:
    prices = np.array([row["price"] for row in train_rows if "price" in row], np.float32)
    prices = prices[np.isfinite(prices)]
    ages = np.array([row["age"] for row in train_rows if "age" in row], np.float32)
    found = outputs({"price": 12.5, "age": 20}, {"price": float("nan")}, {"price": np.inf}, {})
    expected = (12.5 - prices.mean()) / prices.std()
    np.testing.assert_allclose(found[value_key("price")], [expected, 0, 0, 0], rtol=1e-5)
    expected = (20 - ages.mean()) / ages.std()
    np.testing.assert_allclose(found[value_key("age")], [expected, 0, 0, 0], rtol=1e-5)


def test_quantile_buckets_and_one_for_missing(
    outputs: Any, train_rows: list[dict[str, Any]]
) -> None:
    prices = np.array([row["price"] for row in train_rows if "price" in row])
    quartiles = np.nanquantile(prices, [0.25, 0.5, 0.75])
    probes = [-100.0, *(quartiles[:-1] + quartiles[1:]) / 2, 100.0, float("nan")]
    found = outputs(*({"price": float(price)} for price in probes), {})
    assert found[index_key("price")] == [0, 1, 2, 3, 4, 4]


def test_scenario_id_is_the_position_in_the_contract_and_never_out_of_range(outputs: Any) -> None:
    found = outputs(*({"scenario": name} for name in ("home", "search", "cart", "new page")))
    assert found[SCENARIO_KEY] == [0, 1, 2, 0]
    assert found[index_key("scenario")] == [0, 1, 2, 3]


def test_outputs_have_transformed_names_only(outputs: Any, contract: Contract) -> None:
    names = set(outputs({}))
    assert names.isdisjoint(column.name for column in contract.columns)
    assert names == {
        SCENARIO_KEY,
        *map(value_key, ("price", "age")),
        *map(index_key, ("scenario", "user", "brand", "gender", "hour", "city", "price")),
        index_key("position"),
    }


def test_layout_has_a_row_for_every_index(
    contract: Contract, transform_output: Any, train_rows: list[dict[str, Any]]
) -> None:
    layout = build_input_layout(contract, transform_output)
    sizes = {name: len(known_tokens(train_rows, name, 1 + (name == "user"))) for name in LOGGED}
    assert layout.fields == (
        Field("scenario", 3 + 1, None, "context"),
        Field("user", sizes["user"] + 2, 4, "user"),
        Field("brand", sizes["brand"] + 1, None, "item"),
        Field("gender", 2 + 3, None, "user", prior=True),
        Field("hour", 4 + 1, None, "context"),
        Field("city", sizes["city"] + 1, 3, "user"),
        Field("price", 4 + 1, None, "item"),
        Field("position", 10 + 1, None, "context"),
    )
    assert layout.numeric == ("price", "age")
    assert layout.scenarios == ("home", "search", "cart")


def test_train_only_columns_serve_their_default(outputs: Any) -> None:
    assert outputs({"position": 7}, {})[index_key("position")] == [0, 0]


def test_dense_tensors_with_missing_values_give_what_examples_give(
    contract: Contract, transform_layer: Any, outputs: Any
) -> None:
    rows = [{"brand": "b3", "gender": "f", "hour": 6, "city": "paris", "price": 9.0, "age": 30}, {}]
    dense = {
        "scenario": tf.constant(["home", "home"]),
        "user": tf.constant([1, 1], tf.int64),
        "brand": tf.constant(["b3", ""]),
        "gender": tf.constant(["f", ""]),
        "hour": tf.constant([6, tf.int64.min], tf.int64),
        "city": tf.constant(["paris", ""]),
        "price": tf.constant([9.0, float("nan")]),
        "age": tf.constant([30, tf.int64.min], tf.int64),
    }
    found = transform_layer(from_dense(contract, dense))
    assert {name: values.numpy().tolist() for name, values in found.items()} == outputs(*rows)


def test_no_two_columns_share_a_vocabulary():
    """A cut name has a character that no graph name has, so it is no other column's."""
    long = ["a" * 200, "a" * 199 + "b", "a" * 121]
    cut = [vocabulary_name(name) for name in long]
    assert len(set(cut)) == 3 and all(len(name) < 100 for name in cut)
    for name in cut:
        stem = name.removesuffix("__vocabulary")
        assert vocabulary_name(stem.replace("-", "__")) not in cut
        assert not re.fullmatch(r"\w+", stem)
    assert vocabulary_name("a" * 120) == "a" * 120 + "__vocabulary"
