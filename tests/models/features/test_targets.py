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


def with_labels(buy: str, click: str = "", more: str = "") -> Contract:
    """The small contract with other label features."""
    from small_log import SCHEMA

    start = SCHEMA.index('feature { name: "click"')
    one = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
    click = (
        click or f'feature {{ name: "click" type: INT {one} annotation {{ tag: "label:click" }} }}'
    )
    return read_contract(parse_schema(SCHEMA[:start] + click + buy + more))


def targets(contract: Contract, rows: list[dict[str, object]]) -> dict[str, list[float]]:
    """Targets and weights of rows of weight 1."""
    examples = [encoded({"weight": 1.0, **row}) for row in rows]
    found = evaluation_targets(contract, tf.constant(examples))
    return {name: values.numpy().tolist() for name, values in found.items()}


def test_a_count_is_positive_above_its_threshold_as_a_whole_number() -> None:
    contract = with_labels(
        'feature { name: "buys" type: INT annotation { tag: "label:buy above:2" } }'
    )
    rows = [{"click": 0, "buys": buys} for buys in (0, 2, 3, -7, 2**60 + 1)]
    assert targets(contract, rows)[target_key("buy")] == [0, 0, 1, 0, 1]
    fraction = with_labels(
        'feature { name: "buys" type: INT annotation { tag: "label:buy above:2.5" } }'
    )
    assert targets(fraction, rows[:3])[target_key("buy")] == [0, 0, 1]
    below = with_labels(
        'feature { name: "buys" type: INT annotation { tag: "label:buy above:-2.5" } }'
    )
    rows = [{"click": 0, "buys": buys} for buys in (-3, -2)]
    assert targets(below, rows)[target_key("buy")] == [0, 1]


def test_one_and_minus_one() -> None:
    contract = with_labels(
        'feature { name: "buy" type: INT annotation { tag: "label:buy given:click above:0" } }'
    )
    found = targets(contract, [{"click": c, "buy": b} for c, b in ((0, -1), (1, -1), (1, 1))])
    assert found[target_key("buy_given_click")] == [0, 0, 1]
    assert found[weight_key("buy_given_click")] == [0, 1, 1]
    assert found[target_key("click_and_buy")] == [0, 0, 1]
    assert found[weight_key("click_and_buy")] == [1, 1, 1]


def test_a_share_with_gaps() -> None:
    contract = with_labels(
        'feature { name: "share" type: FLOAT annotation { tag: "label:long_watch above:0.1" } }'
    )
    # 0.1 as float32 is above the double 0.1; both are compared as float32.
    rows: list[dict[str, object]] = [{"click": 1, "share": share} for share in (0.1, 0.1001, 0.0)]
    rows += [{"click": 1, "share": float("nan")}, {"click": 1}]
    found = targets(contract, rows)
    assert found[target_key("long_watch")] == [0, 1, 0, 0, 0]
    assert found[weight_key("long_watch")] == [1, 1, 1, 0, 0]
    assert found[weight_key("click")] == [1, 1, 1, 1, 1]


GAPS: list[dict[str, object]] = [
    {"click": 0, "buy": 0},
    {"click": 0},
    {"click": 1},
    {"click": 1, "buy": 1},
    {"buy": 0},
    {"buy": 1},
    {},
]


@pytest.mark.parametrize("relation", ["given", "after"])
def test_gaps_of_a_label_and_of_its_parent(relation: str) -> None:
    contract = with_labels(
        f'feature {{ name: "buy" type: INT annotation {{ tag: "label:buy {relation}:click" }} }}',
        'feature { name: "click" type: INT annotation { tag: "label:click" } }',
    )
    found = targets(contract, GAPS)
    assert found[target_key("click")] == [0, 0, 1, 1, 0, 0, 0]
    assert found[weight_key("click")] == [1, 1, 1, 1, 0, 0, 0]
    assert found[target_key("buy_given_click")] == [0, 0, 0, 1, 0, 1, 0]
    assert found[weight_key("buy_given_click")] == [0, 0, 0, 1, 0, 0, 0]
    assert found[target_key("click_and_buy")] == [0, 0, 0, 1, 0, 0, 0]
    assert found[weight_key("click_and_buy")] == [1, 0, 0, 1, 0, 0, 0]
    if relation == "after":
        assert found[target_key("buy")] == [0, 0, 0, 1, 0, 1, 0]
        assert found[weight_key("buy")] == [1, 0, 0, 1, 1, 1, 0]


def test_a_chain_is_known_where_all_its_labels_are() -> None:
    contract = with_labels(
        'feature { name: "cart" type: INT annotation { tag: "label:cart given:click" } }',
        more='feature { name: "buys" type: INT annotation '
        '{ tag: "label:buy given:cart above:0" } }',
    )
    rows: list[dict[str, object]] = [
        {"click": 0, "cart": 0, "buys": 0},
        {"click": 1, "cart": 0},
        {"click": 1, "cart": 1, "buys": 0},
        {"click": 1, "cart": 1, "buys": 3},
        {"click": 1, "buys": 0},
    ]
    found = targets(contract, rows)
    assert found[target_key("click_and_cart_and_buy")] == [0, 0, 0, 1, 0]
    assert found[weight_key("click_and_cart_and_buy")] == [1, 0, 1, 1, 0]
    assert found[weight_key("click_and_cart")] == [1, 1, 1, 1, 0]
    assert found[weight_key("buy_given_cart")] == [0, 0, 1, 1, 0]
