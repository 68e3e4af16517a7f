import pyarrow as pa
import pytest

from data.log.label_gaps import GapCounts, filled, filled_lines, gap_columns
from schemas.contract import parse_schema, read_contract

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"


def contract(buy="label:buy given:click above:2.5", kind="INT", more=""):
    return read_contract(
        parse_schema(
            f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "user" type: BYTES {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "page" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" }} }}
feature {{ name: "is_click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "buys" type: {kind} annotation {{ tag: "{buy}" }} }}
{more}
"""
        )
    )


def columns(clicks, buys, **more):
    found = {"is_click": clicks, "buys": buys, **more}
    return {name: pa.array(values, pa.int64()) for name, values in found.items()}


def negative(found, rows):
    counts = GapCounts()
    for row in rows:
        other = GapCounts()
        other.count(found, row)
        counts.add(other)
    return counts.negative()


def test_a_label_that_rows_without_its_parent_lack_is_negative_there():
    found = contract()
    assert gap_columns(found) == ("is_click", "buys")
    rows = columns([0] * 6 + [1] * 4, [None] * 6 + [0, 3, 5, None])
    # A row or two that have it all the same change nothing.
    assert negative(found, [rows, columns([0], [0])]) == {"buys"}
    assert filled_lines(found, frozenset({"buys"})) == [
        "buy is empty in most rows without click: there it is taken as negative"
    ]
    # The largest whole number that is not above 2.5; the gap of the clicked row stays.
    assert filled(found, rows, frozenset({"buys"}))["buys"].to_pylist() == (
        [2] * 6 + [0, 3, 5, None]
    )
    assert filled(found, rows, frozenset())["buys"].to_pylist() == [None] * 6 + [0, 3, 5, None]


@pytest.mark.parametrize(
    ("clicks", "buys"),
    [
        ([0, 0, 0, 0, 1, 1], [0, 0, 0, None, 4, None]),  # gaps whether clicked or not
        ([0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 4, None]),  # in clicked rows alone
        ([0, 0, 1, 1], [None, None, None, None]),  # no row has it
        ([1, 1, 1], [None, 3, 0]),  # all rows have the parent
    ],
)
def test_gaps_that_mean_not_known_yet_stay(clicks, buys):
    assert negative(contract(), [columns(clicks, buys)]) == frozenset()


def test_a_label_that_may_come_without_its_parent_stays_unknown():
    for tag in ("label:buy after:click", "label:buy"):
        assert gap_columns(contract(tag)) == ()
        assert negative(contract(tag), [columns([0, 1], [None, 1])]) == frozenset()


def test_a_chain_of_gaps_is_filled_from_the_root():
    more = 'feature { name: "paid" type: INT annotation { tag: "label:pay given:buy" } }'
    found = contract("label:buy given:click", more=more)
    rows = columns([0, 0, 1, 1, 1], [None, None, 0, 1, None], paid=[None, None, None, 1, None])
    assert negative(found, [rows]) == {"buys", "paid"}
    full = filled(found, rows, frozenset({"buys", "paid"}))
    assert full["buys"].to_pylist() == [0, 0, 0, 1, None]
    assert full["paid"].to_pylist() == [0, 0, 0, 1, None]


def test_a_share_is_filled_with_a_value_that_is_not_above_its_threshold():
    found = contract("label:buy given:click above:0.1", "FLOAT")
    rows = {**columns([0, 1], [None, None]), "buys": pa.array([None, 0.5], pa.float32())}
    full = filled(found, rows, frozenset({"buys"}))["buys"]
    assert full.type == pa.float32()
    assert full.to_pylist() == [pytest.approx(0.1), 0.5]
    from data.log.labels import label_rows

    assert label_rows(found, found.tasks.label("buy"), full).positive.tolist() == [False, True]
