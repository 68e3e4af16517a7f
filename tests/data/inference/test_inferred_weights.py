"""What Arrow lists without an order are proposed as: several values, weights, vectors."""

import numpy as np
import pyarrow as pa
import pytest
from proposed_lists import COUNT, ITEMS, NUMBERS, TEXTS, left_out, proposed, tagged

from schemas.tags import MultiValue, Vector


def test_what_has_no_order_is_several_values(tmp_path):
    genres = pa.array([[f"g{y}" for y in range(x % 4)] for x in ITEMS], TEXTS)
    some = pa.array([[f"s{x}", "t"] for x in ITEMS % 7], TEXTS)
    found = proposed(tmp_path, genres=genres, stuff=some)
    assert tagged(found, "genres") == MultiValue(length=3)
    assert tagged(found, "stuff") == MultiValue(length=2)
    assert found.contract.column("genres").side == "item"
    assert "several values: its name says values of equal standing; all have at most 3" in (
        found.text
    )
    assert "several values: nothing says an order of its values (if they have one: 'sequence')" in (
        found.text
    )


def test_numbers_that_are_as_many_as_the_values_weigh_them(tmp_path):
    found = proposed(
        tmp_path,
        topics=pa.array([[f"g{y}" for y in range(x % 4)] for x in ITEMS], TEXTS),
        topic_scores=pa.array([[0.5 + y for y in range(x % 4)] for x in ITEMS], NUMBERS),
        colors=pa.array([[f"c{y}" for y in range(x % 3)] for x in ITEMS], TEXTS),
        below=pa.array([[0.5 - y for y in range(x % 3)] for x in ITEMS], NUMBERS),
    )
    assert tagged(found, "topics") == MultiValue(length=3, weights="topic_scores")
    assert tagged(found, "topic_scores") is None
    assert [x.name for x in found.contract.list_columns] == ["topics", "topic_scores", "colors"]
    # A value that counts less than nothing is no weight.
    assert tagged(found, "colors") == MultiValue(length=2)
    assert left_out(found, "below") == (
        "lists of 0 to 2 numbers, as many as the values of 'colors', but not weights of these, "
        "which would be at least 0; if its values have an order, tag it 'sequence:buckets=16'"
    )


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ([], ": as weights of these they are read if both columns hold their lists in the same"),
        (["hues"], ", 'hues': weights of which? Name it in that list's tag ('weights=amount')"),
    ],
)
def test_numbers_that_could_be_weights_are_left_out_with_what_to_do(tmp_path, second, why):
    values = [[f"c{y}" for y in range(x % 4)] for x in ITEMS]
    as_text = ["|".join(row) for row in values]
    amounts = [[0.5 + y for y in range(x % 4)] for x in ITEMS]
    found = proposed(
        tmp_path,
        colors=pa.array(values, TEXTS) if second else pa.array(as_text),
        **{name: pa.array([row[::-1] for row in values], TEXTS) for name in second},
        amount=pa.array(amounts, NUMBERS),
    )
    start = f"lists of 0 to 3 numbers, as many as the values of 'colors'{why}"
    assert left_out(found, "amount")[: len(start)] == start


def test_numbers_of_one_length_are_a_vector(tmp_path):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(COUNT, 16))
    codes = rng.integers(-127, 128, (COUNT, 8))
    found = proposed(
        tmp_path,
        always=pa.array(list(dense), pa.list_(pa.float32(), 16)),
        sometimes=pa.array([x.tolist() if i % 4 else None for i, x in enumerate(dense)], NUMBERS),
        item_emb=pa.array(list(codes), pa.list_(pa.int8())),
        # One of each item: it says which items are alike, and so it is no other name of the item.
        picture=pa.array(list(dense[ITEMS]), NUMBERS),
        three=pa.array(dense[:, :3].tolist(), NUMBERS),
    )
    assert tagged(found, "always") == tagged(found, "sometimes") == Vector(dim=16)
    assert tagged(found, "item_emb") == Vector(dim=8)
    assert tagged(found, "picture") == Vector(dim=16)
    assert found.contract.column("picture").side == "item"
    assert found.contract.column("item_emb").type == "float"
    required = {x.name: x.required for x in found.contract.list_features}
    assert required == {"always": True, "sometimes": False, "item_emb": True, "picture": True}
    assert "a vector: every list has 16 numbers; it is missing in 25.00% of the rows" in found.text
    assert left_out(found, "three").startswith(
        "3 numbers each, which is no vector (one length, at least 4), and no list of ids has as"
    )
