"""Lists that a file holds as text."""

import numpy as np
import pyarrow as pa
import pytest
from inferred import infer, logged

from data.inference.sampling.profile import Profile
from data.inference.sampling.text_lists import list_in_text

ROWS = logged(rows=2_000)


def _kind(texts):
    return list_in_text(Profile("x", pa.array(texts)))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (['["a", "b"]', "[]", '["c"]'], "a list in text, as JSON"),
        (["[1, 2]", None, "[3]"], "a list in text, as JSON"),
        (["['a', 'b']", "['c']"], "a list in text, such as ['a', 'b']"),
        (['{"a": 1}', '{"a": 2}'], "an object in text, as JSON"),
        (["drama", "drama|comedy", "comedy|horror|drama"], "a list in text, joined by '|'"),
        (["a|b", "b|a", "c|a"], "a list in text, joined by '|'"),
        (["a;b", "c", "a;b;c"], "a list in text, joined by ';'"),
        (["t1,t2,t3", "t2", "t3,t1"], "a list in text, joined by ','"),
        (["12 7 99", "7", "99 12"], "a list in text, joined by blanks"),
    ],
)
def test_lists_are_named_with_what_joins_them(texts, kind):
    assert _kind(texts) == kind


@pytest.mark.parametrize(
    "texts",
    [
        ["start", "search"],
        ["de|shop", "at|blog", "ch|shop"],
        ["red shoes", "blue shoes", "shoes red new"],
        ["Paris, France", "Nice, France", "Lyon"],
        ["1,234", "12,345,678", "7"],
        ["3,5", "1,25", "7,0"],
        ["Mozilla/5.0 (X11; Linux; x86)", "Opera/9 (Mac; PPC)"],
        ["2026-03-01 12:00", "2026-03-01"],
        ["[deleted]"],
    ],
)
def test_other_texts_are_no_lists(texts):
    assert _kind(texts) is None


def test_lists_and_copies_of_ids_are_left_out_by_name(tmp_path):
    user, item = ROWS.user_id.to_numpy(), ROWS.item_id.to_numpy()
    rows = ROWS.assign(
        tags=["|".join(f"t{y}" for y in range(x % 4 + 1)) for x in item],
        ids=[f'["{x}"]' for x in item],
        member=[f"m{x}" for x in user * 77 % 200],
        uid2=user * 3 + 1_000,
        sku=[f"s{x}" for x in item],
        height=np.random.default_rng(0).random(200)[user],
        age=np.random.default_rng(0).permutation(200)[user],
    )
    found = infer(tmp_path, rows)
    no_value = "no single value, and lists are no model inputs"
    assert found.lines("left out:") == [
        f"left out: tags (a list in text, joined by '|': {no_value})",
        f"left out: ids (a list in text, as JSON: {no_value})",
        "left out: member (a copy of 'user_id': each of its 200 values goes with one of that "
        "column's)",
        "left out: uid2 (a copy of 'user_id': each of its 200 values goes with one of that "
        "column's)",
        "left out: sku (a copy of 'item_id': each of its 80 values goes with one of that column's)",
    ]
    # Quantities that happen to differ for all users are no other names of them.
    assert {"height", "age"} <= {column.name for column in found.contract.features}
