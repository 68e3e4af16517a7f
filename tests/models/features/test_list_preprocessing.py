"""Exact indices, lengths, weights and vectors of lists."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from rows_with_lists import SCHEMA, history, made_rows, row
from small_log import encoded, transform

from models.features.inputs import (
    Field,
    ListField,
    MultiValueField,
    SequenceInput,
    VectorField,
    index_key,
    indices_key,
    lengths_key,
    vector_key,
    weights_key,
)
from models.features.layout import build_input_layout
from models.features.parsing import from_dense, from_examples
from models.features.vocabularies import vocabulary_name
from schemas.contract import Contract, parse_schema, read_contract

ITEM, SEEN = "item_x20_id", "seen_x20_item"


def bucket(value: Any, buckets: int) -> int:
    return int(tf.strings.to_hash_bucket_fast(str(value), buckets))


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture(scope="module")
def transform_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    return transform(tmp_path_factory.mktemp("lists"), made_rows(), SCHEMA)


@pytest.fixture(scope="module")
def transform_output(transform_dir: str) -> Any:
    return tft.TFTransformOutput(transform_dir)


@pytest.fixture(scope="module")
def layer(transform_output: Any) -> Any:
    return transform_output.transform_features_layer()


@pytest.fixture(scope="module")
def outputs(contract: Contract, layer: Any) -> Any:
    """A function: rows -> transformed columns."""

    def run(*rows: dict[str, Any]) -> dict[str, list[Any]]:
        examples = tf.constant([encoded(each) for each in rows])
        columns = layer(from_examples(contract, examples))
        return {name: values.numpy().tolist() for name, values in columns.items()}

    return run


def items(*seen: int) -> dict[str, Any]:
    return row(**history(*((item, "a", 1.0) for item in seen)))


def test_a_shared_vocabulary_counts_what_is_kept_of_all_columns(transform_output: Any) -> None:
    wanted = {ITEM: [b"1", b"2", b"3"], "queries": [b"x"], "tags": [b"red", b"green", b"blue"]}
    for name, tokens in wanted.items():
        assert transform_output.vocabulary_by_name(vocabulary_name(name)) == tokens
    for name in (SEEN, "liked", "more_tags", "seen_category", "gap"):
        assert transform_output.vocabulary_file_by_name(vocabulary_name(name)) is None


def test_an_id_has_one_index_wherever_it_stands(outputs: Any) -> None:
    for item in (1, 2, 3, 4, 9, 31337, -5):
        found = outputs(row(item_id=item, **history((item, "a", 1.0)), liked=[item]))
        own = {1: 0, 2: 1, 3: 2}.get(item, 3 + bucket(item, 3))
        assert found[index_key(ITEM)] == [own]
        assert found[indices_key(SEEN)] == [[own, 0, 0, 0]]
        assert found[indices_key("liked")] == [[own, 0]]
    for hour in (5, 8, 4, 9):
        found = outputs(row(hour=hour, seen_hours=[hour]))
        assert found[index_key("hour")] == [found[indices_key("seen_hours")][0][0]]
        assert found[index_key("hour")] == [{5: 0, 8: 3}.get(hour, 4)]
    for category in ("a", "c", "z", "other"):
        found = outputs(row(category=category, **history((1, category, 1.0))))
        own = {"a": 0, "c": 2}.get(category, 3 + bucket(category, 2))
        assert found[index_key("category")] == [own]
        assert found[indices_key("seen_category")] == [[own, 0, 0, 0]]


def test_the_newest_are_kept_of_a_sequence(outputs: Any) -> None:
    found = outputs(items(), items(3), items(1, 2, 3), items(1, 2, 3, 1), items(2, 1, 2, 3, 3))
    assert found[lengths_key("history")] == [0, 1, 3, 4, 4]
    assert found[indices_key(SEEN)] == [
        [0, 0, 0, 0],
        [2, 0, 0, 0],
        [0, 1, 2, 0],
        [0, 1, 2, 0],
        [0, 1, 2, 2],
    ]
    assert found[lengths_key("seen_hours")] == [0] * 5


def test_a_sequence_of_its_own_group_has_its_own_length(outputs: Any) -> None:
    found = outputs(row(seen_hours=[8, 5, 6]), row(seen_hours=[]), items(1, 2, 3))
    assert found[lengths_key("seen_hours")] == [2, 0, 0]
    assert found[indices_key("seen_hours")] == [[0, 1], [0, 0], [0, 0]]
    assert found[lengths_key("history")] == [0, 0, 3]


def test_the_first_are_kept_of_a_multi_valued_column(outputs: Any) -> None:
    found = outputs(row(liked=[3]), row(liked=[1, 2]), row(liked=[2, 1, 3]), row())
    assert found[lengths_key("liked")] == [1, 2, 2, 0]
    assert found[indices_key("liked")] == [[2, 0], [0, 1], [1, 0], [0, 0]]


def test_values_have_their_own_weights(outputs: Any) -> None:
    found = outputs(
        row(tags=["blue", "red", "new", "red"], tag_weights=[0.5, 2.0, 3.0, 4.0]),
        row(tags=["green"], tag_weights=[7.0]),
        row(),
        row(tags=["red", "red", "red"], tag_weights=[math.nan, 1.0, math.inf]),
    )
    assert found[indices_key("tags")] == [[2, 0, 3], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert found[weights_key("tags")] == [
        [0.5, 2.0, 3.0],
        [7.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],  # What is no finite number counts for nothing.
    ]
    assert found[lengths_key("tags")] == [3, 1, 0, 3]


def test_a_table_of_its_own_has_its_oov_buckets(outputs: Any) -> None:
    found = outputs(row(queries=["x", "y", "z", "x", ""]))
    oov = [1 + bucket(text, 2) for text in ("z", "")]
    assert found[indices_key("queries")] == [[oov[0], 0, oov[1]]]


def test_numbers_are_cut_into_quantiles(outputs: Any) -> None:
    # Of 1, 1, 2, 3, 4, 5, 10 the median is 3; older gaps of 900 are not kept.
    gaps = [0.5, 2.5, 3.5, 800.0]
    found = outputs(row(**history(*((1, "a", gap) for gap in gaps))))
    assert found[indices_key("gap")] == [[0, 0, 1, 1]]
    found = outputs(row(**history((1, "a", math.inf), (1, "a", math.nan))))
    assert found[indices_key("gap")] == [[2, 2, 0, 0]]


def test_a_vector_is_there_or_all_zeros(outputs: Any) -> None:
    found = outputs(
        row(image=[1.0, -2.0, 0.5]), row(), row(image=[]), row(image=[1.0, math.nan, 2.0])
    )
    assert found[vector_key("image")] == [[1.0, -2.0, 0.5], *[[0.0] * 3] * 3]


def test_a_normalised_vector_has_length_one(outputs: Any) -> None:
    found = outputs(row(text=[3.0, -4.0]), row(text=[0.0, 0.0]), row(text=[3e30, 4e30]))
    np.testing.assert_allclose(found[vector_key("text")], [[0.6, -0.8], [0, 0], [0.6, 0.8]], 1e-6)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**history((1, "a", 1.0)), "gap": [1.0, 2.0]}, "'seen item' and 'gap'"),
        ({"tags": ["red"], "tag_weights": []}, "'tags' and 'tag_weights'"),
        ({"image": [1.0, 2.0]}, "'image' needs 3 numbers"),
    ],
)
def test_lists_that_do_not_fit_are_refused(
    outputs: Any, columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        outputs(row(), row(**columns))


def test_a_request_gives_what_examples_give(contract: Contract, layer: Any, outputs: Any) -> None:
    rows = [
        row(
            item_id=2, category="b", hour=6, queries=["x", "y"], tags=["red"], tag_weights=[2.0],
            image=[1.0, 2.0, 3.0], liked=[9], **history((1, "a", 1.0), (4, "c", 9.0)),
        ),
        row(seen_hours=[7, 8], more_tags=["blue", "green"], **history(*[(3, "b", 2.0)] * 4)),
        row(),
    ]  # fmt: skip
    nan = math.nan
    inputs = {
        "scenario": tf.constant(["home"] * 3),
        ITEM: tf.constant([2, tf.int64.min, tf.int64.min], tf.int64),
        "category": tf.constant(["b", "", ""]),
        "hour": tf.constant([6, tf.int64.min, tf.int64.min], tf.int64),
        "history__length": tf.constant([2, 4, 0], tf.int64),
        # What is behind a row's last value is whatever a client left there.
        SEEN: tf.constant([[1, 4, 77, 1], [3, 3, 3, 3], [1, 1, 1, 1]], tf.int64),
        "seen_category": tf.constant([["a", "c", "", "q"], ["b"] * 4, [""] * 4]),
        "gap": tf.constant([[1.0, 9.0, nan, nan], [2.0] * 4, [nan] * 4]),
        "seen_hours__length": tf.constant([0, 2, 0], tf.int64),
        "seen_hours": tf.constant([[0, 0], [7, 8], [0, 0]], tf.int64),
        "queries__length": tf.constant([2, 0, 0], tf.int64),
        "queries": tf.constant([["x", "y", ""], [""] * 3, ["x"] * 3]),
        "tags__length": tf.constant([1, 0, 0], tf.int64),
        "tags": tf.constant([["red", "blue", ""], [""] * 3, [""] * 3]),
        "tag_weights": tf.constant([[2.0, 5.0, nan], [nan] * 3, [1.0] * 3]),
        "liked__length": tf.constant([1, 0, 0], tf.int64),
        "liked": tf.constant([[9, 1], [0, 0], [0, 0]], tf.int64),
        "more_tags__length": tf.constant([0, 2, 0], tf.int64),
        "more_tags": tf.constant([["", ""], ["blue", "green"], ["", ""]]),
        "image": tf.constant([[1.0, 2.0, 3.0], [nan] * 3, [1.0, nan, 2.0]]),
        "text": tf.constant([[3.0, 4.0]] * 3),
    }

    def found() -> dict[str, Any]:
        columns = layer(from_dense(contract, inputs))
        return {name: values.numpy().tolist() for name, values in columns.items()}

    assert found() == outputs(*rows)
    # Lengths outside [0, L] are the nearest inside.
    inputs["history__length"] = tf.constant([2, 2**40, -3], tf.int64)
    assert found() == outputs(*rows)


def test_outputs_have_static_lengths(contract: Contract, layer: Any) -> None:
    spec = tf.TensorSpec([None], tf.string)
    graph = tf.function(lambda x: layer(from_examples(contract, x))).get_concrete_function(spec)
    shapes = {name: x.shape.as_list() for name, x in graph.structured_outputs.items()}
    assert shapes[indices_key(SEEN)] == [None, 4]
    assert shapes[weights_key("tags")] == [None, 3]
    assert shapes[vector_key("image")] == [None, 3]
    assert shapes[vector_key("text")] == [None, 2]
    assert shapes[lengths_key("history")] == [None]
    assert not any(name in shapes for name in (ITEM, "item id", "seen item", "gap", "carried"))


def test_layout_has_every_list(contract: Contract, transform_output: Any) -> None:
    layout = build_input_layout(contract, transform_output)
    item, category, hour = Field(ITEM, 6, 5, "item"), Field("category", 5, None, "item"), "hour"
    assert layout.fields == (
        Field("scenario", 3, None, "context"),
        item,
        category,
        Field(hour, 5, None, "context"),
    )
    assert layout.sequences == (
        SequenceInput(
            "history",
            4,
            (
                ListField(SEEN, ITEM, 6, 4, 5, "user"),
                ListField("seen_category", "category", 5, 4, None, "user"),
                ListField("gap", "gap", 3, 4, None, "user"),
            ),
        ),
        SequenceInput("seen_hours", 2, (ListField("seen_hours", hour, 5, 2),)),
        SequenceInput("queries", 3, (ListField("queries", "queries", 3, 3, 6, "user"),)),
    )
    assert layout.multi_values == (
        MultiValueField("tags", "tags", 4, 3, None, "item", pooling="sum", weighted=True),
        MultiValueField("liked", ITEM, 6, 2, 5, "user", pooling="max"),
        MultiValueField("more_tags", "tags", 4, 2, None, "item"),
    )
    assert layout.vectors == (VectorField("image", 3, "item"), VectorField("text", 2, "item"))
