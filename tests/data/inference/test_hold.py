"""What is proposed, the pipeline's own reader reads: it was tried on the sample."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from inferred import infer, logged, polyrank, some_rows

ROWS = logged(rows=3_000)
LOG = pa.Table.from_pandas(ROWS, preserve_index=False)


def test_a_feature_of_which_rows_would_be_refused_is_left_out(tmp_path):
    price = ROWS.price.where(~some_rows(ROWS), np.inf)
    raw = [b"\xff" if x else b"a%d" % (i % 7) for i, x in enumerate(some_rows(ROWS, first=7))]
    table = LOG.set_column(6, "price", pa.array(price)).append_column("raw", pa.array(raw))
    found = infer(tmp_path, table, name="log.parquet")
    assert found.lines("left out:") == [
        "left out: price (the pipeline's reader refuses it: 3 of 3,000 rows are refused "
        "(unusable_number; first: log.parquet, row 5: inf; wanted a finite number))",
        "left out: raw (the pipeline's reader refuses it: 3 of 3,000 rows are refused (not_utf8; "
        r"first: log.parquet, row 7: b'\xff'; wanted text in UTF-8))",
    ]
    assert "price: the pipeline's reader refuses it: 3 of 3,000 rows are" in found.text
    found.check()


def test_a_text_that_no_request_could_carry_is_left_out(tmp_path):
    notes = np.where(some_rows(ROWS), "x" * 1_000_001, ROWS.page)
    found = infer(tmp_path, ROWS.assign(notes=notes), name="log.parquet")
    assert "3 of 3,000 rows are refused (too_long; first: log.parquet, row 5: 'xxx" in (
        found.line("left out: notes")
    )
    found.check()


def test_a_column_twice_is_bad_data(tmp_path):
    table = LOG.append_column("user_group", LOG["user_group"])
    said = "column 'user_group' is there 2 times; give every column a name of its own"
    found = infer(tmp_path, table, name="log.parquet")
    assert (found.code, found.err) == (4, f"bad data: log.parquet: {said}\n")
    text = ROWS.to_csv(index=False).splitlines()
    twice = [f"{line},{line.split(',')[3]}" for line in text]
    (tmp_path / "log.csv").write_text("\n".join(twice))
    ended = polyrank("schema", "infer", "--data", tmp_path / "log.csv")
    assert (ended.code, ended.err) == (4, f"bad data: log.csv: {said}\n")


def test_files_of_other_types_are_compared_by_their_values(tmp_path):
    log = tmp_path / "log.parts"
    log.mkdir()
    pq.write_table(LOG.slice(0, 1_500), log / "a.parquet")
    page, user = LOG["page"].cast(pa.large_string()), LOG["user_id"].cast(pa.uint64())
    other = LOG.set_column(1, "page", page).set_column(2, "user_id", user)
    pq.write_table(other.slice(1_500), log / "b.parquet")
    schema = tmp_path / "schema.pbtxt"
    assert polyrank("schema", "infer", "--data", log, "--out", schema).code == 0
    spans = ("--schema", schema, "--out", tmp_path / "spans")
    wrote = polyrank("data", "spans", "--source", log, *spans)
    assert wrote.code == 0 and "3,000 rows in 3 spans" in wrote.out
