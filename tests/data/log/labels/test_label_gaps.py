import pyarrow as pa
import pytest

from data.log.labels.gap_filling import filled, gap_lines
from data.log.labels.label_gaps import GapCounts, Gaps, gap_columns
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


DAY, LATER = "2026-03-01", "2026-03-02"


def decided(found, rows, dates=(DAY,) * 9):
    counts = GapCounts()
    for date, row in zip(dates, rows, strict=False):
        other = GapCounts()
        other.count(found, row, date)
        counts.add(other)
    return counts.decide(found)


def test_a_label_that_rows_without_its_parent_lack_is_negative_there():
    found = contract()
    assert gap_columns(found) == ("is_click", "buys")
    rows = columns([0] * 60 + [1] * 40, [None] * 60 + [0, 3] * 19 + [5, None])
    # A row or two that have it all the same change nothing.
    gaps = decided(found, [rows, columns([0], [0])])
    assert gaps == Gaps((DAY,), frozenset({(DAY, "buys")}))
    assert gap_lines(found, gaps) == [
        "buy is empty in most rows without click: there it is taken as negative"
    ]
    # The largest whole number that is not above 2.5; the gap of the clicked row stays.
    assert filled(found, rows, DAY, gaps)["buys"].to_pylist() == (
        [2] * 60 + [0, 3] * 19 + [5, None]
    )
    # Of a span that was not counted nothing is known.
    assert filled(found, rows, LATER, gaps) == rows
    assert filled(found, rows, DAY, Gaps()) == rows


def test_each_span_is_decided_by_itself():
    found = contract()
    whole = columns([0] * 6 + [1] * 4, [None] * 6 + [0, 3, 5, 0])
    unknown = columns([0] * 6 + [1] * 4, [None] * 10)
    part = columns([0] * 6 + [1] * 5, [None] * 6 + [0, 3, None, None, None])
    third = "2026-03-03"
    gaps = decided(found, [part, unknown, whole], [third, LATER, DAY])
    assert gaps == Gaps((DAY, LATER, third), frozenset({(DAY, "buys")}), {(third, "buys"): 0.4})
    # As each would be in a window without the others.
    for date, rows in ((DAY, whole), (LATER, unknown), (third, part)):
        assert (alone := decided(found, [rows], [date])).negative <= gaps.negative
        assert filled(found, rows, date, alone) == filled(found, rows, date, gaps)
    assert filled(found, whole, DAY, gaps)["buys"].null_count == 0
    assert filled(found, unknown, LATER, gaps)["buys"].null_count == 10
    left = filled(found, part, third, gaps)["buys"]
    assert left.null_count == 11 and left.type == pa.int64()
    assert gap_lines(found, gaps) == [
        f"buy is empty in most rows without click of {DAY}: there it is taken as negative",
        f"buy is known in only 40.0% of the rows with click of {third}, and in fewer without: "
        "buy is left out there",
    ]


def test_many_spans_that_are_left_out_are_one_line():
    found = contract()
    dates = [f"2026-03-0{day}" for day in range(1, 6)]
    rows = [columns([0, *[1] * 10], [None] * (1 + n) + [1] * (10 - n)) for n in range(1, 6)]
    assert gap_lines(found, decided(found, rows, dates)) == [
        "buy is known in only 50.0% to 90.0% of the rows with click of 5 spans from 2026-03-01 to "
        "2026-03-05, and in fewer without: buy is left out there"
    ]


@pytest.mark.parametrize(("known", "kind"), [(94, "left_out"), (95, "negative"), (96, "negative")])
def test_a_span_is_complete_from_95_of_100_on(known, kind):
    clicked = [1] * known + [None] * (100 - known)
    gaps = decided(contract(), [columns([0, 0] + [1] * 100, [None, None, *clicked])])
    assert set(getattr(gaps, kind)) == {(DAY, "buys")}
    assert len(gaps.negative) + len(gaps.left_out) == 1


def test_a_label_below_one_that_is_left_out_is_left_out():
    more = 'feature { name: "paid" type: INT annotation { tag: "label:pay given:buy" } }'
    found = contract("label:buy given:click", more=more)
    rows = columns([0, 0, 1, 1, 1], [None, None, 0, 1, None], paid=[None] * 3 + [1, None])
    gaps = decided(found, [rows])
    assert gaps.left_out == {(DAY, "buys"): 2 / 3, (DAY, "paid"): None}
    assert gap_lines(found, gaps) == [
        f"buy is known in only 66.7% of the rows with click of {DAY}, and in fewer without: "
        "buy is left out there",
        f"pay needs buy, which is left out of {DAY}: pay is left out there too",
    ]
    # Where all rows have it, it says what it says.
    own = {**rows, "paid": pa.array([0, 0, 0, 1, 1], pa.int64())}
    assert decided(found, [own]).left_out == {(DAY, "buys"): 2 / 3}


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
    assert decided(contract(), [columns(clicks, buys)]) == Gaps((DAY,))


def test_a_label_that_may_come_without_its_parent_stays_unknown():
    for tag in ("label:buy after:click", "label:buy"):
        assert gap_columns(contract(tag)) == ()
        assert decided(contract(tag), [columns([0, 1], [None, 1])]) == Gaps()


def test_a_chain_of_gaps_is_filled_from_the_root():
    more = 'feature { name: "paid" type: INT annotation { tag: "label:pay given:buy" } }'
    found = contract("label:buy given:click", more=more)
    rows = columns([0, 0] + [1] * 30, [None, None] + [0, 1] * 14 + [1, None])
    paid = [None if buy != 1 else 1 for buy in rows["buys"].to_pylist()]
    rows["paid"] = pa.array(paid, pa.int64())
    gaps = decided(found, [rows])
    assert gaps.negative == {(DAY, "buys"), (DAY, "paid")} and not gaps.left_out
    full = filled(found, rows, DAY, gaps)
    assert full["buys"].to_pylist() == [0, 0] + [0, 1] * 14 + [1, None]
    assert full["paid"].to_pylist() == [0, 0] + [0, 1] * 14 + [1, None]


def test_a_share_is_filled_with_a_value_that_is_not_above_its_threshold():
    found = contract("label:buy given:click above:0.1", "FLOAT")
    rows = {**columns([0, 1], [None, None]), "buys": pa.array([None, 0.5], pa.float32())}
    full = filled(found, rows, DAY, Gaps((DAY,), frozenset({(DAY, "buys")})))["buys"]
    assert full.type == pa.float32()
    assert full.to_pylist() == [pytest.approx(0.1), 0.5]
    from data.log.labels.label_rows import label_rows

    assert label_rows(found, found.tasks.label("buy"), full).positive.tolist() == [False, True]
