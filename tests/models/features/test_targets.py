"""Targets and weights against hand-computed ones."""

import pytest
import tensorflow as tf
from small_log import encoded

from models.features.inputs import target_key, weight_key
from models.features.targets import evaluation_targets
from schemas.contract import Contract, parse_schema, read_contract

ROWS = [
    {"click": 0, "buy": 0, "weight": 1.0},
    {"click": 1, "buy": 0, "weight": 2.0},
    {"click": 1, "buy": 1, "weight": 0.5},
]


def test_targets_are_products_of_labels_and_weights_of_spaces(contract: Contract) -> None:
    found = evaluation_targets(contract, tf.constant([encoded(row) for row in ROWS]))
    assert {name: values.numpy().tolist() for name, values in found.items()} == {
        target_key("click"): [0, 1, 1],
        weight_key("click"): [1, 2, 0.5],
        target_key("buy_given_click"): [0, 0, 1],
        weight_key("buy_given_click"): [0, 2, 0.5],
        target_key("click_and_buy"): [0, 0, 1],
        weight_key("click_and_buy"): [1, 2, 0.5],
    }


def test_a_row_weighs_one_without_a_weight_column() -> None:
    from small_log import SCHEMA

    start = SCHEMA.index('feature { name: "weight"')
    stop = SCHEMA.index('feature { name: "click"')
    plain = read_contract(parse_schema(SCHEMA[:start] + SCHEMA[stop:]))
    found = evaluation_targets(plain, tf.constant([encoded(row) for row in ROWS]))
    assert found[weight_key("click")].numpy().tolist() == [1, 1, 1]
    assert found[weight_key("buy_given_click")].numpy().tolist() == [0, 1, 1]


def test_a_row_weighs_as_much_as_the_rows_that_sampling_left_out(contract: Contract) -> None:
    from small_log import SCHEMA

    text = SCHEMA.replace(
        'feature { name: "click"',
        'feature { name: "rate" type: FLOAT presence { min_fraction: 1 } '
        'shape { dim { size: 1 } } annotation { tag: "sampling_rate" } }\nfeature { name: "click"',
    )
    rows = [
        {**ROWS[0], "rate": 0.5, "sampling__rate": 0.25},
        {**ROWS[1], "rate": 1.0},
        {**ROWS[2], "rate": 0.125},
    ]
    examples = tf.constant([encoded(row) for row in rows])
    found = evaluation_targets(read_contract(parse_schema(text)), examples)
    assert found[weight_key("click")].numpy().tolist() == [8, 2, 4]
    assert found[weight_key("buy_given_click")].numpy().tolist() == [0, 2, 4]
    ours_alone = evaluation_targets(contract, examples)
    assert ours_alone[weight_key("click")].numpy().tolist() == [4, 2, 0.5]


def test_a_conversion_without_its_click_has_a_joint_target_of_zero(contract: Contract) -> None:
    row = encoded({"click": 0, "buy": 1, "weight": 1.0})
    found = evaluation_targets(contract, tf.constant([row]))
    assert found[target_key("click_and_buy")].numpy().tolist() == [0]
    assert found[weight_key("buy_given_click")].numpy().tolist() == [0]


def test_an_example_without_a_label_is_refused(contract: Contract) -> None:
    row = encoded({"click": 0, "weight": 1.0})
    with pytest.raises(tf.errors.InvalidArgumentError, match="buy"):
        evaluation_targets(contract, tf.constant([row]))
