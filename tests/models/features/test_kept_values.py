"""Lists cut to L values, and how they come in a request."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from rows_with_lists import SCHEMA

from models.features.kept_values import kept_values, padded, row_lengths
from models.features.request_lists import checked_lists, padded_lists, raw_lists, request_lists
from schemas.contract import Contract, parse_schema, read_contract


def lists(*rows: list[Any], dtype: Any = tf.int64) -> tf.SparseTensor:
    return tf.RaggedTensor.from_row_lengths(
        tf.constant([value for row in rows for value in row], dtype), [len(row) for row in rows]
    ).to_sparse()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


@pytest.mark.parametrize(
    ("newest", "wanted"),
    [
        (True, [[0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 3], [2, 3, 4], [7, 8, 9]]),
        (False, [[0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 3], [1, 2, 3], [1, 2, 3]]),
    ],
)
def test_lists_are_cut_at_one_end(newest: bool, wanted: list[list[int]]) -> None:
    raw = lists([], *[list(range(1, length + 1)) for length in (1, 2, 3, 4, 9)])
    kept = kept_values(raw, 3, newest)
    assert padded(kept, kept.values, 3).numpy().tolist() == wanted
    assert kept.lengths.numpy().tolist() == [0, 1, 2, 3, 3, 3]
    assert row_lengths(raw).numpy().tolist() == [0, 1, 2, 3, 4, 9]
    assert kept.positions.numpy().tolist() == [
        [row, place] for row, length in enumerate([0, 1, 2, 3, 3, 3]) for place in range(length)
    ]


def test_a_batch_without_a_value_is_cut_to_nothing() -> None:
    kept = kept_values(lists([], []), 2, newest=True)
    assert padded(kept, kept.values, 2).numpy().tolist() == [[0, 0], [0, 0]]
    assert kept.lengths.numpy().tolist() == [0, 0]


def parsed(**columns: Any) -> dict[str, Any]:
    """Parsed lists of two rows; those that are not named are empty."""
    empty = {
        "seen item": lists([], []),
        "seen_category": lists([], [], dtype=tf.string),
        "gap": lists([], [], dtype=tf.float32),
        "seen_hours": lists([], []),
        "queries": lists([], [], dtype=tf.string),
        "tags": lists([], [], dtype=tf.string),
        "tag_weights": lists([], [], dtype=tf.float32),
        "liked": lists([], []),
        "more_tags": lists([], [], dtype=tf.string),
        "image": lists([], [], dtype=tf.float32),
        "text": tf.constant([[3.0, 4.0], [0.0, 1.0]]),
    }
    return {**empty, **columns}


def test_a_request_is_padded_and_holds_the_newest_values(contract: Contract) -> None:
    found = padded_lists(
        contract,
        parsed(
            **{"seen item": lists([1, 2, 3, 4, 5], [6])},
            seen_category=lists(["a", "b", "c", "d", "e"], ["f"], dtype=tf.string),
            gap=lists([5.0, 4.0, 3.0, 2.0, 1.0], [9.0], dtype=tf.float32),
            liked=lists([1, 2, 3], []),
            image=lists([], [1.0, 2.0, 3.0], dtype=tf.float32),
        ),
    )
    assert found["seen_x20_item"].numpy().tolist() == [[2, 3, 4, 5], [6, 0, 0, 0]]
    assert found["seen_category"].numpy().tolist() == [[b"b", b"c", b"d", b"e"], [b"f"] + [b""] * 3]
    assert found["gap"].numpy().tolist() == [[4.0, 3.0, 2.0, 1.0], [9.0, 0.0, 0.0, 0.0]]
    assert found["history__length"].numpy().tolist() == [4, 1]
    assert found["liked"].numpy().tolist() == [[1, 2], [0, 0]]
    assert found["liked__length"].numpy().tolist() == [2, 0]
    np.testing.assert_array_equal(found["image"], [[math.nan] * 3, [1.0, 2.0, 3.0]])
    assert found["text"].numpy().tolist() == [[3.0, 4.0], [0.0, 1.0]]
    assert set(found) == {
        *(each.column.graph_name for each in request_lists(contract)),
        *(each.lengths for each in request_lists(contract) if each.lengths),
    }


def test_raw_lists_are_what_was_padded(contract: Contract) -> None:
    columns = parsed(
        **{"seen item": lists([1, 2, 3], [6])},
        seen_category=lists(["a", "", "c"], ["f"], dtype=tf.string),
        gap=lists([5.0, 4.0, 3.0], [9.0], dtype=tf.float32),
        tags=lists([], ["red", "blue"], dtype=tf.string),
        tag_weights=lists([], [0.0, 2.0], dtype=tf.float32),
        image=lists([], [1.0, 2.0, 3.0], dtype=tf.float32),
    )
    found = raw_lists(contract, padded_lists(contract, columns))
    assert set(found) == set(columns)
    for name, wanted in columns.items():
        if isinstance(wanted, tf.SparseTensor):
            np.testing.assert_array_equal(found[name].values, wanted.values, name)
            np.testing.assert_array_equal(found[name].indices, wanted.indices, name)
        else:
            np.testing.assert_array_equal(found[name], wanted, name)


@pytest.mark.parametrize("rows", [1, 3])
def test_lengths_of_other_rows_than_the_lists_are_refused(contract: Contract, rows: int) -> None:
    inputs = padded_lists(contract, parsed(**{"seen item": lists([1, 2, 3], [6])}))
    assert inputs["seen_x20_item"].shape[0] == 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="'tags__length' need equally many"):
        raw_lists(contract, {**inputs, "tags__length": tf.zeros([rows], tf.int64)})


def test_lists_that_fit_pass_the_checks_as_they_are(contract: Contract) -> None:
    columns = parsed(image=lists([1.0, 2.0, 3.0], [], dtype=tf.float32))
    found = checked_lists(contract, {**columns, "hour": tf.constant([[5], [6]])})
    assert found["hour"].numpy().tolist() == [[5], [6]]
    for name, wanted in columns.items():
        parts = [tf.nest.flatten(x, expand_composites=True) for x in (found[name], wanted)]
        for part, other in zip(*parts, strict=True):
            np.testing.assert_array_equal(part, other, name)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"gap": lists([1.0], [], dtype=tf.float32)}, "'seen item' and 'gap' need equally many"),
        ({"tags": lists([], ["red"], dtype=tf.string)}, "'tags' and 'tag_weights' need"),
        ({"image": lists([1.0] * 4, [], dtype=tf.float32)}, "'image' needs 3 numbers in a row"),
    ],
)
def test_lists_that_do_not_fit_are_named(
    contract: Contract, columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        checked_lists(contract, parsed(**columns))
