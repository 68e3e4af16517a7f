import pyarrow as pa

from data.log.labels.unknown_labels import UnknownLabels
from data.log.report import Report
from schemas.contract import parse_schema, read_contract

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
CONTRACT = read_contract(
    parse_schema(
        f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "user" type: BYTES {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "page" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" }} }}
feature {{ name: "is_click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "buys" type: INT annotation {{ tag: "label:buy above:0" }} }}
feature {{ name: "is_liked" type: INT annotation {{ tag: "label:like" }} }}
"""
    )
)


def counted(date, buys, likes):
    found = UnknownLabels()
    columns = {"is_click": pa.array([1] * len(buys)), "buys": pa.array(buys, pa.int64())}
    found.count(CONTRACT, {**columns, "is_liked": pa.array(likes, pa.int64())}, date)
    return found


def test_rows_without_a_label_are_counted_by_span_and_said():
    report, other = Report(), Report()
    report.unknown = counted("2026-03-02", [None, 0, None], [1, 1, 1])
    other.unknown = counted("2026-03-02", [None] * 1998, [0] * 1998)
    other.unknown.add(counted("2026-03-01", [5], [None]))
    report.add(Report.from_json(other.to_json()))
    assert report.unknown.lines(CONTRACT) == [
        "buy is not known yet in 2,000 of 2,001 rows of 2026-03-02",
        "like is not known yet in 1 of 1 rows of 2026-03-01",
    ]
    assert report.unknown.note(CONTRACT) == (
        "buy not known yet in 2,000 rows, like not known yet in 1 rows"
    )
    assert report.unknown.records(CONTRACT)[0] == {
        **{"label": "buy", "column": "buys", "span": "2026-03-02"},
        **{"rows": 2000, "of": 2001},
    }


def test_many_spans_are_one_line():
    found = UnknownLabels()
    for day in range(1, 6):
        found.add(counted(f"2026-03-0{day}", [None, 1], [1, 1] if day > 1 else [None, None]))
    assert found.lines(CONTRACT) == [
        "buy is not known yet in 5 of 10 rows, in 5 spans from 2026-03-01 to 2026-03-05",
        "like is not known yet in 2 of 2 rows of 2026-03-01",
    ]


def test_labels_without_gaps_need_no_words():
    assert counted("2026-03-01", [0, 1], [1, 0]).lines(CONTRACT) == []
    assert counted("2026-03-01", [0, 1], [1, 0]).note(CONTRACT) == ""
