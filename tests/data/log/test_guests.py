"""Rows without a user: guests where the contract allows them, refused where it does not."""

import pyarrow as pa
import pytest
from impression_log import SCHEMA, changed, day_table

from data.log.check_batch import check_batch
from data.log.report import Report
from schemas.contract import parse_schema, read_contract

OPTIONAL = SCHEMA.replace(
    'name: "user" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } }',
    'name: "user" type: BYTES',
)
NUMBERS = OPTIONAL.replace('name: "user" type: BYTES', 'name: "user" type: INT')


def checked(schema, table):
    report = Report()
    (batch,) = table.combine_chunks().to_batches()
    contract = read_contract(parse_schema(schema))
    values, refusals = check_batch(contract, batch, "part-0.csv", "2026-01-01", 0, report)
    return values["user"].array.to_pylist(), refusals.rows.tolist(), report


def test_an_empty_text_is_no_user_where_one_is_required():
    users, refused, report = checked(
        SCHEMA, changed(day_table(0), "user", {3: "", 5: None, 9: " \t"})
    )
    assert refused == [3, 5, 9]
    assert [users[row] for row in (2, 3, 5, 9)] == [b"u2", None, None, None]
    assert report.reasons() == [
        "missing: 3 rows; for one, part-0.csv, row 3: column 'user' is ''; wanted a value in every "
        "row. user is empty in 3 of 40 rows: where these are guests, drop 'presence' and 'shape' "
        "from this feature in the schema; else correct the log"
    ]
    assert (report.users.rows, report.users.guests) == (37, 0)


@pytest.mark.parametrize("schema", [OPTIONAL, NUMBERS])
def test_rows_without_a_user_are_guests_where_it_may_be_missing(schema):
    table = day_table(0)
    ids = pa.array([None if row % 4 == 0 else row % 7 for row in range(40)])
    if schema is OPTIONAL:
        ids = pa.array(["" if x is None else f"u{x}" for x in ids.to_pylist()])
    table = table.set_column(table.schema.get_field_index("user"), "user", ids)
    users, refused, report = checked(schema, table)
    assert refused == [] and report.reasons() == []
    assert [row for row in range(40) if users[row] is None] == list(range(0, 40, 4))
    assert (report.users.rows, report.users.guests, report.users.distinct) == (30, 10, 7)


def test_an_empty_text_of_another_column_is_a_value():
    users, refused, _ = checked(SCHEMA, changed(day_table(0), "item", {3: ""}))
    assert refused == [] and None not in users
