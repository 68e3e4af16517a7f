"""Lists that a file holds as text."""

import json

import numpy as np
import pyarrow as pa
import pytest
from inferred import infer, logged

from data.inference.lists.text_lists import list_in_text
from data.inference.sampling.profile import Profile
from schemas.tags import MultiValue, Sequence, Vector

ROWS = logged(rows=2_000)


def _kind(texts):
    found = list_in_text(Profile("x", pa.array(texts)))
    return found and (found.said, found.how)


@pytest.mark.parametrize(
    ("texts", "said", "how"),
    [
        (['["a", "b"]', "[]", '["c"]'], "a list in text, as JSON", "json"),
        (["[1, 2]", None, "[3]"], "a list in text, as JSON", "json"),
        (["['a', 'b']", "['c']"], "a list in text, such as ['a', 'b']", None),
        (["[]", "['a', 'b']"], "a list in text, such as ['a', 'b']", None),
        (['{"a": 1}', '{"a": 2}'], "an object in text, as JSON", None),
        (["drama", "drama|comedy", "comedy|horror|drama"], "a list in text, joined by '|'", "pipe"),
        (["a|b", "b|a", "c|a"], "a list in text, joined by '|'", "pipe"),
        (["a\tb", "b", "c\ta\tb", "c\ta"], "a list in text, joined by tabs", "tab"),
        (["a;b", "c", "a;b;c"], "a list in text, joined by ';'", "semicolon"),
        (["t1,t2,t3", "t2", "t3,t1"], "a list in text, joined by ','", "comma"),
        (["12 7 99", "7", "99 12"], "a list in text, joined by blanks", "space"),
        # Ids need not be seen twice, numbers of one length may be a vector.
        (["i1|i2|i3", "i4", "i5|i6"], "a list in text, joined by '|'", "pipe"),
        (["0.1 1e-5 -2 3", "4.5 0 2 1"], "a list in text, joined by blanks", "space"),
        (["0.1,0.2,0.3,0.4"] * 2 + ["1,2,3,4"], "a list in text, joined by ','", "comma"),
    ],
)
def test_lists_are_named_with_what_joins_them(texts, said, how):
    assert _kind(texts) == (said, how)


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
        # A comma is the mark of some texts, a pipe of a title: words of their own.
        ["well,well,well", "no", "yes", "maybe", "hm"],
        ["Alien", "Heat", "Up", "Her", "Seven,the,movie", "Ran", "Big", "Jaws", "Brazil", "Ed"],
        ["home | news", "about | the team | us", "jobs | open", "press"],
        ["0.5,1.5", "2.5,0.5"],
    ],
)
def test_other_texts_are_no_lists(texts):
    assert _kind(texts) is None


def test_copies_of_ids_are_left_out_by_name(tmp_path):
    user, item = ROWS.user_id.to_numpy(), ROWS.item_id.to_numpy()
    rows = ROWS.assign(
        objects=[f'{{"x": {x}}}' for x in item % 7],
        ids=[f'["{x}"]' for x in item],
        nested=["[[1], [2]]", "[[3]]"] * 1_000,
        member=[f"m{x}" for x in user * 77 % 200],
        uid2=user * 3 + 1_000,
        sku=[f"s{x}" for x in item],
        height=np.random.default_rng(0).random(200)[user],
        age=np.random.default_rng(0).permutation(200)[user],
    )
    found = infer(tmp_path, rows)
    copy = "left out: {} (a copy of '{}': each of its {} goes with one of that column's"
    assert found.lines("left out:") == [
        "left out: objects (an object in text, as JSON: neither one value nor a list that can be "
        'read; write lists as JSON, such as ["a", "b"], with plain values)',
        f"left out: ids (a list in text, as JSON (first: '[\"{item[0]}\"]', log.csv, row 0): a "
        "copy of 'item_id': each of its 80 lists goes with one of that column's values)",
        "left out: nested (a list in text, as JSON, but 2,000 of 2,000 rows (first: log.csv, row "
        "0) hold lists again, such as '[[1], [2]]')",
        copy.format("member", "user_id", "200 values") + ")",
        copy.format("uid2", "user_id", "200 values") + ")",
        copy.format("sku", "item_id", "80 values") + ")",
    ]
    # Quantities that happen to differ for all users are no other names of them.
    assert {"height", "age"} <= {column.name for column in found.contract.features}


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_lists_in_text_are_proposed_with_how_they_are_split(tmp_path, name):
    rng = np.random.default_rng(3)
    past = [rng.integers(0, 80, x).tolist() for x in rng.integers(0, 30, len(ROWS))]
    kinds = [[x % 8 for x in row] for row in past]
    tags = [[f"t{y}" for y in range(x % 4)] for x in ROWS.item_id]
    rows = ROWS.assign(
        hist_items=["|".join(map(str, row)) for row in past],
        hist_kinds=[json.dumps(row) for row in kinds],
        tags=[",".join(row) for row in tags],
        tag_scores=[",".join(f"{y}.5" for y in range(len(row))) for row in tags],
        dense=[json.dumps(rng.normal(size=6).round(3).tolist()) for _ in past],
        notes=["two, or three" if x % 9 == 0 else f"note {x}" for x in range(len(ROWS))],
        code=["|".join(f"{x % 5 + y:03d}" for y in range(x % 2 + 1)) for x in range(len(ROWS))],
    )
    found = infer(tmp_path, rows, name=name)
    lists = {x.name: (x.type, x.list_treatment) for x in found.contract.list_features}
    assert lists == {
        "hist_items": ("int", Sequence(length=30, group="hist", of="item_id", text="pipe")),
        "hist_kinds": ("int", Sequence(length=30, group="hist", of="item_kind", text="json")),
        "tags": ("bytes", MultiValue(length=3, weights="tag_scores", text="comma")),
        "dense": ("float", Vector(dim=6, text="json")),
        "code": ("bytes", MultiValue(length=2, text="pipe")),
    }
    several = np.mean([len(row) > 1 for row in tags if row])
    first = next(i for i, row in enumerate(tags) if len(row) > 1)
    assert (
        f"a list in text, joined by ',' ({several:.0%} of the texts have several values, 3 "
        f"distinct ones in 3 distinct texts; first: '{','.join(tags[first])}', {name}, row "
        f"{first}): several values: its name says values of equal standing" in found.text
    )
    assert "2,000 keep the contract" in found.check()


def test_whole_numbers_in_text_may_be_ids_that_a_column_has_as_texts(tmp_path):
    items = np.array([f"{x:03d}" if x % 2 else str(x) for x in ROWS.item_id], object)
    past = [" ".join(map(str, [x % 7 * 2, 4, x % 9 * 2])) for x in range(len(ROWS))]
    found = infer(tmp_path, ROWS.assign(item_id=items, recent_items=past))
    column = found.contract.column("recent_items")
    assert (column.type, column.list_treatment) == (
        "bytes", Sequence(length=3, of="item_id", text="space"),
    )  # fmt: skip
    found.check()


def test_how_long_ago_is_no_weight(tmp_path):
    """A log of a shop that calls what came before `browsed`, and writes how long ago it was."""
    past = [[(x + y) * 7 % 80 for y in range(x % 6)] for x in range(len(ROWS))]
    rows = ROWS.assign(
        browsed_items=[json.dumps(row) for row in past],
        seconds_ago=[json.dumps([60 * (len(row) - i) for i in range(len(row))]) for row in past],
    )
    found = infer(tmp_path, rows)
    assert {x.name: x.list_treatment for x in found.contract.list_features} == {
        "browsed_items": Sequence(length=5, group="history", of="item_id", text="json"),
        "seconds_ago": Sequence(length=5, group="history", buckets=16, text="json"),
    }
