import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import BadDataError
from data.log import span_writer
from schemas.column import Column
from schemas.tags import parse_tags

DAY = 86_400_000
TIME = Column("time_ms", "int", True, parse_tags("time_ms", ["timestamp:unit=ms"]))


def log(times):
    return pa.table({"time_ms": times, "row": list(range(len(times)))})


def read(folder):
    return pq.read_table(folder).to_pydict()


def test_rows_go_to_their_utc_day_in_the_order_of_time(tmp_path):
    span_writer.write_spans(log([DAY + 5, DAY - 1, DAY + 5, DAY, 2 * DAY]), tmp_path, TIME)
    assert sorted(x.name for x in tmp_path.iterdir()) == [
        "span=1970-01-01",
        "span=1970-01-02",
        "span=1970-01-03",
    ]
    assert read(tmp_path / "span=1970-01-01/part-00000.parquet")["row"] == [1]
    assert read(tmp_path / "span=1970-01-02/part-00000.parquet")["row"] == [3, 0, 2]
    assert read(tmp_path / "span=1970-01-03/part-00000.parquet")["row"] == [4]


def test_a_time_before_1970_belongs_to_the_day_before(tmp_path):
    span_writer.write_spans(log([-1]), tmp_path, TIME)
    assert [x.name for x in tmp_path.iterdir()] == ["span=1969-12-31"]


def test_parts_keep_the_order_and_are_snappy(tmp_path, monkeypatch):
    monkeypatch.setattr(span_writer, "ROWS_A_PART", 2)
    span_writer.write_spans(log([3, 1, 2, 5, 4]), tmp_path, TIME)
    parts = sorted((tmp_path / "span=1970-01-01").iterdir())
    assert [x.name for x in parts] == [f"part-0000{i}.parquet" for i in range(3)]
    assert [read(x)["time_ms"] for x in parts] == [[1, 2], [3, 4], [5]]
    assert pq.read_metadata(parts[0]).row_group(0).column(0).compression == "SNAPPY"


def test_an_existing_span_is_refused_before_anything_is_written(tmp_path):
    span_writer.write_spans(log([DAY]), tmp_path, TIME)
    with pytest.raises(BadDataError, match="already holds span=1970-01-02; .*--overwrite"):
        span_writer.write_spans(log([0, DAY]), tmp_path, TIME)
    assert [x.name for x in tmp_path.iterdir()] == ["span=1970-01-02"]


def test_overwriting_replaces_all_parts_and_leaves_other_days(tmp_path, monkeypatch):
    monkeypatch.setattr(span_writer, "ROWS_A_PART", 1)
    span_writer.write_spans(log([0, 1, 2, DAY]), tmp_path, TIME)
    span_writer.write_spans(log([7]), tmp_path, TIME, overwrite=True)
    first = tmp_path / "span=1970-01-01"
    assert [x.name for x in first.iterdir()] == ["part-00000.parquet"]
    assert read(first / "part-00000.parquet")["time_ms"] == [7]
    assert (tmp_path / "span=1970-01-02").is_dir()


def test_a_failed_write_leaves_nothing_that_a_reader_would_take(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(span_writer.pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        span_writer.write_spans(log([0]), tmp_path, TIME)
    assert list(tmp_path.glob("span=*")) == []
    monkeypatch.undo()
    span_writer.write_spans(log([0]), tmp_path, TIME)
    assert [x.name for x in tmp_path.iterdir()] == ["span=1970-01-01"]


def test_a_missing_time_is_named_by_its_row():
    with pytest.raises(BadDataError, match=r"row 1, column 'time_ms'.*\(2 such rows\)"):
        list(span_writer.split_by_day(log([5, None, None]), TIME))


def test_a_log_without_rows_is_refused(tmp_path):
    with pytest.raises(BadDataError, match="holds no row"):
        span_writer.write_spans(log([]), tmp_path, TIME)
    assert list(tmp_path.iterdir()) == []


def test_span_name():
    assert span_writer.span_name(np.datetime64("2026-01-31")) == "span=2026-01-31"
