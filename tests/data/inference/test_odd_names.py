"""Columns whose names need care, proposed all the same."""

import pandas as pd
from inferred import infer, logged

ROWS = logged(rows=2_000)


def test_any_name_is_proposed_as_it_is(tmp_path):
    names = {
        "timestamp": "Time (UTC)",
        "page": "page name",
        "user_id": "user-id",
        "user_group": "группа",
        "item_id": "item.id",
        "price": 'price in "€"',
        "click": "is click",
        "buy": "buy, then",
    }
    found = infer(tmp_path, ROWS.rename(columns=names))
    assert [column.name for column in found.contract.columns] == [
        names.get(name, name) for name in ROWS
    ]
    assert found.contract.user_id.name == "user-id"
    assert [label.column for label in found.contract.tasks.labels] == ["is click", "buy, then"]
    found.check()


def test_labels_that_differ_in_separators_alone_have_names_of_their_own(tmp_path):
    buys = pd.Series(range(2_000)) * 7919 % 11 == 0
    rows = ROWS.assign(**{"a click": buys.astype(int), "a_click": (~buys).astype(int)})
    found = infer(tmp_path, rows.drop(columns="buy"))
    labels = {label.column: label.name for label in found.contract.tasks.labels}
    assert labels == {"click": "click", "a_click": "a_click", "a click": "a_click_2"}


def test_names_that_no_schema_has_are_left_out(tmp_path):
    found = infer(tmp_path, ROWS.assign(**{"": 1, "a\nb": ROWS.item_kind}), name="log.parquet")
    assert found.lines("left out:") == [
        "left out: '' (its name is empty)",
        "left out: 'a\\nb' (its name holds the control character U+000A)",
    ]
    found.check()


def test_a_scenario_of_unusable_names_is_refused(tmp_path):
    found = infer(tmp_path, ROWS.assign(page=ROWS.page.replace("start", "*")))
    rows = ROWS.page == "start"
    assert found.code == 4
    assert (
        "  scenario: 'page' has the name of one, but it is '*', which can be no scenario's name, "
        f"in {rows.sum():,} of 2,000 rows (first: log.csv, row {rows.argmax()})\n"
    ) in found.err
