"""Which files a log has, by their names and folders."""

import pathlib

import pytest

from common.errors import BadDataError
from data.log.files import (
    HIDDEN,
    LOOP,
    NO_DATE,
    NOT_IN_A_SPAN,
    UNKNOWN_ENDING,
    LeftOut,
    left_out_lines,
    list_log,
    list_span,
    outside_spans,
)

DAY = "2026-03-01"


def made(folder: pathlib.Path, *names: str) -> pathlib.Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def names(listing):
    return [(file.name, file.format, file.date) for file in listing.files]


def test_a_span_has_the_files_of_its_nested_folders(tmp_path):
    made(tmp_path, f"span={DAY}/part-0.parquet", f"span={DAY}/late/more/part-1.csv.gz")
    listing = list_span(str(tmp_path), DAY)
    assert names(listing) == [
        (f"span={DAY}/late/more/part-1.csv.gz", "csv", DAY),
        (f"span={DAY}/part-0.parquet", "parquet", DAY),
    ]
    assert [file.path for file in listing.files] == [
        f"{tmp_path}/span={DAY}/late/more/part-1.csv.gz",
        f"{tmp_path}/span={DAY}/part-0.parquet",
    ]
    assert listing.left_out == ()


def test_a_folder_that_spark_wrote_is_its_parts(tmp_path):
    made(
        tmp_path / f"span={DAY}",
        "a.parquet/part-00000-6e1c-c000.snappy.parquet",
        "a.parquet/part-00001",
        "a.parquet/_SUCCESS",
        "a.parquet/.part-00000-6e1c-c000.snappy.parquet.crc",
        "b.tfrecord/part-r-00000",
        "b.tfrecord/part-r-00001.gz",
        "c.csv/part-00000.gz",
        "d.parquet/part-00000.gz",
        "part-00000",
    )
    listing = list_span(str(tmp_path), DAY)
    assert [(file.name.partition("/")[2], file.format) for file in listing.files] == [
        ("a.parquet/part-00000-6e1c-c000.snappy.parquet", "parquet"),
        ("a.parquet/part-00001", "parquet"),
        ("b.tfrecord/part-r-00000", "tfrecord"),
        ("b.tfrecord/part-r-00001.gz", "tfrecord"),
        ("c.csv/part-00000.gz", "csv"),
    ]
    prefix = f"span={DAY}/"
    assert set(listing.left_out) == {
        LeftOut(f"{prefix}a.parquet/_SUCCESS", HIDDEN),
        LeftOut(f"{prefix}a.parquet/.part-00000-6e1c-c000.snappy.parquet.crc", HIDDEN),
        LeftOut(f"{prefix}d.parquet/part-00000.gz", UNKNOWN_ENDING),
        LeftOut(f"{prefix}part-00000", UNKNOWN_ENDING),
    }


def test_of_a_folder_of_spans_nothing_else_is_read(tmp_path):
    made(
        tmp_path,
        f"span={DAY}/a.csv",
        "span=2026-02-30/b.csv",
        "span=2026-03-02x/c.csv",
        "span=20260302/c.csv",
        "extra/d.csv",
        "e.parquet",
        "_tmp/f.csv",
    )
    listing = list_log(tmp_path)
    assert names(listing) == [(f"span={DAY}/a.csv", "csv", DAY)]
    left_out = {
        "span=2026-02-30": NO_DATE,
        "span=2026-03-02x": NO_DATE,
        "span=20260302": NO_DATE,
        "extra": NOT_IN_A_SPAN,
        "e.parquet": NOT_IN_A_SPAN,
        "_tmp": HIDDEN,
    }
    assert {item.name: item.reason for item in listing.left_out} == left_out
    # Who looks for spans only says the same.
    assert {item.name: item.reason for item in outside_spans(str(tmp_path))} == left_out


def test_any_other_folder_is_read_whole_and_a_file_alone(tmp_path):
    made(tmp_path / f"span={DAY}", "sub/a.tfrecord-00000-of-00001.gz", "b.txt")
    made(tmp_path, "other.CSV")
    inside = list_log(tmp_path / f"span={DAY}")
    assert names(inside) == [("sub/a.tfrecord-00000-of-00001.gz", "tfrecord", DAY)]
    assert inside.left_out == (LeftOut("b.txt", UNKNOWN_ENDING),)
    alone = list_log(tmp_path / f"span={DAY}" / "sub" / "a.tfrecord-00000-of-00001.gz")
    assert names(alone) == [("a.tfrecord-00000-of-00001.gz", "tfrecord", DAY)]


def test_a_link_to_a_folder_above_is_not_followed(tmp_path):
    made(tmp_path, f"span={DAY}/a.csv", "elsewhere/late.csv")
    (tmp_path / f"span={DAY}" / "again").symlink_to(tmp_path / f"span={DAY}")
    (tmp_path / f"span={DAY}" / "linked").symlink_to(tmp_path / "elsewhere")
    listing = list_span(str(tmp_path), DAY)
    found = [file.name for file in listing.files]
    assert found == [f"span={DAY}/a.csv", f"span={DAY}/linked/late.csv"]
    assert listing.left_out == (LeftOut(f"span={DAY}/again", LOOP),)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere", "nowhere does not exist"),
        ("empty", r"empty holds no file of a log \(found: nothing\)"),
        (
            "texts",
            r"texts holds no file of a log \(found: a\.txt, b\.md\); wanted lower-case",
        ),
        ("texts/a.txt", r"a\.txt is no file of a log, by its name; wanted a lower-case ending"),
    ],
)
def test_a_source_without_a_log_is_refused(tmp_path, source, says):
    (tmp_path / "empty").mkdir()
    made(tmp_path, "texts/a.txt", "texts/b.md")
    with pytest.raises(BadDataError, match=says):
        list_log(tmp_path / source)


def test_a_span_without_a_file_says_what_is_there_instead(tmp_path):
    made(tmp_path, f"span={DAY}/part-0.parquet.tmp", f"span={DAY}/_SUCCESS")
    with pytest.raises(BadDataError) as error:
        list_span(str(tmp_path), DAY)
    first, *lines = str(error.value).splitlines()
    assert first == (
        f"{tmp_path}/span={DAY} holds no .parquet, .csv, .csv.gz, .tsv, .tsv.gz, .tfrecord or "
        ".tfrecord.gz file; deliver the day or leave it out"
    )
    assert lines == [
        f"  left out: span={DAY}/_SUCCESS (its name begins with '.' or '_')",
        f"  left out: span={DAY}/part-0.parquet.tmp (its name does not end in .parquet, .csv, "
        ".csv.gz, .tsv, .tsv.gz, .tfrecord or .tfrecord.gz)",
    ]


def test_what_is_left_out_is_one_line_a_reason():
    left_out = tuple(LeftOut(f"{i}.txt", "no log") for i in range(13))
    assert left_out_lines((*left_out, LeftOut("x", "a link"))) == [
        "left out: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, 5.txt, 6.txt, 7.txt, 8.txt, 9.txt and 3 more "
        "(no log)",
        "left out: x (a link)",
    ]
    assert left_out_lines(()) == []
