"""What infer proposes, spans writes, check passes and a run reads: the rows of the same files."""

import gzip
import json
import pathlib
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from impression_log import DATES, Log, csv_bytes, day_table, examples_of, write_tfrecord

from common.errors import BadDataError
from data.adapters.user_files import write_user_files
from data.inference.sampling.sample import read_sample
from data.log.check_log import check_log
from data.log.files import HIDDEN, NOT_IN_A_SPAN, UNKNOWN_ENDING

SPANS = [f"span={date}" for date in DATES]
LEFT_OUT = {
    "notes.md": NOT_IN_A_SPAN,
    "old": NOT_IN_A_SPAN,
    f"span={DATES[0]}/spark.parquet/_SUCCESS": HIDDEN,
    f"span={DATES[0]}/spark.parquet/.part-00000.parquet.crc": HIDDEN,
    f"span={DATES[1]}/late/part-0.parquet.tmp": UNKNOWN_ENDING,
}


EMPTY = {
    "empty/a.parquet": b"",
    "empty/a.csv": b"",
    "empty/b.csv": b"\xef\xbb\xbfother,columns\n\n",
    "empty/b.tsv": b"other\tcolumns",
    "empty/c.csv.gz": b"",
    "empty/d.csv.gz": gzip.compress(b""),
    "empty/a.tfrecord": b"",
}
TYPED = "empty/b.parquet"
NO_ROW = sorted([*EMPTY, TYPED, "empty/c.tfrecord.gz", "late/hour=6/part-0.parquet"])
NOTES = [
    *(("no row", f"span={DATES[0]}/{name}") for name in NO_ROW),
    ("values are separated by semicolons", f"span={DATES[1]}/b/part-0.csv"),
    ("text is UTF-16", f"span={DATES[1]}/b/part-0.csv"),
    ("values are separated by tabs", f"span={DATES[1]}/part-0.csv"),
    (
        "compressed with gzip, though the name does not end in .gz",
        f"span={DATES[1]}/part-0.csv",
    ),
]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Three days of 40 rows in nested folders of all formats, between other files."""
    log = Log(tmp_path_factory.mktemp("mixed"))
    first, second, third = map(day_table, range(3))
    pq.write_table(first.slice(0, 10), _path(log, 0, "spark.parquet/part-00000-c000.parquet"))
    pq.write_table(first.slice(10, 10), _path(log, 0, "spark.parquet/part-00001"))
    pq.write_table(first.slice(20), _path(log, 0, "late/hour=5/part-0.parquet"))
    # pandas gives columns of a frame without rows no type.
    empty = pa.table({name: pa.nulls(0) for name in first.column_names})
    pq.write_table(empty, _path(log, 0, "late/hour=6/part-0.parquet"))
    _path(log, 1, "a/part-0.csv").write_bytes(csv_bytes(second.slice(0, 15)))
    semicolons = csv_bytes(second.slice(15, 10)).replace(b",", b";")
    _path(log, 1, "b/part-0.csv").write_bytes(semicolons.decode().encode("utf-16"))
    tabs = csv_bytes(second.slice(25)).replace(b",", b"\t")
    _path(log, 1, "part-0.csv").write_bytes(gzip.compress(tabs))
    write_tfrecord(_path(log, 2, "b.tfrecord/part-r-00000"), examples_of(third))
    for name, content in EMPTY.items():
        _path(log, 0, name).write_bytes(content)
    pq.write_table(pa.table({"other": pa.array([], pa.date32())}), _path(log, 0, TYPED))
    write_tfrecord(_path(log, 0, "empty/c.tfrecord.gz"), [])
    for name in ("old/part-0.parquet", *(name for name in LEFT_OUT if name != "old")):
        path = log.folder / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PAR1")
    return log


def _path(log: Log, day: int, name: str) -> pathlib.Path:
    path = log.path(day, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_all_of_them_read_the_same_rows_and_leave_out_the_same_files(mixed, contract, tmp_path):
    source = mixed.folder / "log"
    examples, _ = mixed.run("run")
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert sum(record["rows"].values()) == 120

    checked = check_log(contract, str(source))
    assert (checked.report.read, checked.kept, checked.unreadable) == (120, 120, [])
    assert checked.files == len(record["files"]) == 8 + len(EMPTY) + 2
    assert checked.notes == NOTES

    # Their types differ, as those of three formats do, and infer takes one log of one type.
    days = [source / name for name in SPANS]
    samples = [read_sample(day) for day in days]
    assert [sample.table.num_rows for sample in samples] == [40, 40, 40]
    notes = [
        (note, f"{x}/{name}") for x, s in zip(SPANS, samples, strict=True) for note, name in s.notes
    ]
    assert notes == NOTES
    names = [
        f"{day.name}/{file.name}" for day, x in zip(days, samples, strict=True) for file in x.files
    ]
    assert names == [file["name"] for file in record["files"]]

    left_out = write_user_files(contract, source, tmp_path / "out")
    parts = (tmp_path / "out").glob("span=*/*.parquet")
    assert sum(pq.read_metadata(part).num_rows for part in parts) == 120

    assert {item.name: item.reason for item in left_out} == LEFT_OUT
    assert {item.name: item.reason for item in checked.left_out} == LEFT_OUT
    assert {item["name"]: item["reason"] for item in record["left_out"]} == LEFT_OUT


def test_an_unnamed_left_out_file_would_be_a_lost_row(mixed, caplog):
    """The terminal shows what this logger warns of, on every runner."""
    mixed.run("again")
    lines = [record.message for record in caplog.records if record.name == "polyrank.progress"]
    assert lines == [
        "left out: notes.md, old (it is not in a folder called span=YYYY-MM-DD)",
        f"left out: span={DATES[0]}/spark.parquet/.part-00000.parquet.crc, "
        f"span={DATES[0]}/spark.parquet/_SUCCESS (its name begins with '.' or '_')",
        f"left out: span={DATES[1]}/late/part-0.parquet.tmp (its name does not end in .parquet, "
        ".csv, .csv.gz, .tsv, .tsv.gz, .tfrecord or .tfrecord.gz)",
    ]


@pytest.mark.parametrize("name", ["part-0.parquet", "part-0.csv", "part-0.tfrecord"])
def test_a_span_whose_files_are_all_empty_is_refused_by_every_reader(log, contract, name):
    (log.folder / "log" / SPANS[1] / "part-0.parquet").unlink()
    log.path(1, name).write_bytes(b"")
    said = f"{SPANS[1]} has files but no row; deliver the day again"
    with pytest.raises(BadDataError) as error:
        log.run("run")
    assert str(error.value) == said
    checked = check_log(contract, str(log.folder / "log"))
    assert (checked.kept, checked.unreadable) == (80, [said])
    with pytest.raises(BadDataError, match="has no row; deliver the log again"):
        read_sample(log.folder / "log" / SPANS[1])


@pytest.mark.parametrize("name", ["x[1] *?", "日志 %20#'", "-~ a\\b{c}"])
def test_a_log_may_lie_in_a_folder_of_any_name(mixed, contract, tmp_path, monkeypatch, name):
    shutil.copytree(mixed.folder / "log", tmp_path / name / "log")
    monkeypatch.chdir(tmp_path)
    path = f"{name}/log"
    examples, _ = mixed.run(tmp_path.name, data_path=path)
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert sum(record["rows"].values()) == 120
    assert check_log(contract, path).kept == 120
