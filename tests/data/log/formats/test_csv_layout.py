"""How a CSV file is written is found by what it holds."""

import bz2
import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import BadDataError
from data.log.files import LogFile
from data.log.formats.csv_file import CsvFile
from data.log.formats.csv_layout import find_delimiter
from data.log.formats.opening import open_log

ROWS = [
    ["time", "page", "price, EUR", "note"],
    ["1", "feed", "1,5", 'a "b"'],
    ["2", "日志; | \t", "", "two\nlines"],
]


def written(delimiter=",", rows=ROWS):
    def value(text):
        quoted = any(letter in text for letter in f'{delimiter}"\n')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return "".join(delimiter.join(map(value, row)) + "\n" for row in rows)


def opened(path):
    return open_log(LogFile(str(path), path.name, "csv"))


def read(path):
    reader = opened(path)
    batches = list(reader.batches(0, reader.schema.names))
    rows = [list(row.values()) for batch in batches for row in batch.to_pylist()]
    return reader, [[value and value.decode() for value in row] for row in rows]


WANTED = [[None if value == "" else value for value in row] for row in ROWS[1:]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_delimiter_encoding_and_compression_gives_the_same_rows(
    tmp_path, delimiter, encoding, packed
):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    content = (mark + written(delimiter)).encode(encoding)
    path = tmp_path / "log.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    reader, rows = read(path)
    assert reader.schema.names == ROWS[0]
    assert rows == WANTED
    assert reader.take(0, pa.array([1]).to_numpy()).to_pylist() == [
        dict(zip(ROWS[0], WANTED[1], strict=True))
    ]
    names = {";": "semicolons", "\t": "tabs", "|": "|"}
    notes = []
    if delimiter != ",":
        notes.append(f"values are separated by {names[delimiter]}")
    if "16" in encoding or "32" in encoding:
        notes.append(f"text is {encoding[:6].upper()}")
    if packed:
        notes.append("compressed with gzip, though the name does not end in .gz")
    assert list(reader.notes) == notes


def test_a_name_that_says_so_needs_no_note(tmp_path):
    for name, content in (
        ("a.tsv", written("\t").encode()),
        ("a.tsv.gz", gzip.compress(written("\t").encode(), mtime=0)),
        ("a.csv.gz", gzip.compress(written().encode(), mtime=0)),
        # Not packed, whatever its name says.
        ("b.csv.gz", written().encode()),
    ):
        (tmp_path / name).write_bytes(content)
        reader, rows = read(tmp_path / name)
        assert (rows, reader.notes) == (WANTED, ())
    (tmp_path / "a.tsv").write_text(written())
    reader, rows = read(tmp_path / "a.tsv")
    assert (rows, reader.notes) == (WANTED, ("values are separated by commas",))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("a\n1\n", ","),
        # One letter may be part of names or of values.
        ("a;x,b;y,c\n1,2,3\n", ","),
        ("price, EUR;page;time\n1,5;x;2\n3;y;3\n", ";"),
        ("a,b\n1|2|3,4|5\n", ","),
        ("tags|list,b\n1|2,x\n3|4,y\n", ","),
        ('"a;b",c\n1,2\n', ","),
        ('"a,b";c\n1;2\n', ";"),
        # A broken row does not change what the file is.
        ("a,b,c\n1,2,3\n4,5\n", ","),
        ("a;b;c\n1;2;3\n4;5\n", ";"),
        ("\n\na;b\n\n1;2\n", ";"),
        ("", ","),
    ],
)
def test_the_delimiter_cuts_the_header_and_the_rows_alike(text, delimiter):
    assert find_delimiter(text) == delimiter


def test_a_row_that_is_cut_off_is_not_counted():
    assert find_delimiter("a;b;c,d\n1;2;3,4\n1;2", is_whole=False) == ";"


def test_utf16_is_cut_into_blocks_anywhere(tmp_path):
    rows = [["time", "page"], *([str(i), "日志" * (i % 50)] for i in range(3000))]
    path = tmp_path / "log.csv"
    path.write_text(written(";", rows), encoding="utf-16")
    _, found = read(path)
    assert found == [[time, page or None] for time, page in rows[1:]]


def test_gzip_in_several_members_is_read_whole(tmp_path):
    lines = written().encode().splitlines(keepends=True)
    path = tmp_path / "log.csv"
    path.write_bytes(gzip.compress(b"".join(lines[:1])) + gzip.compress(b"".join(lines[1:])))
    assert read(path)[1] == WANTED


def _zip(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("log.csv", content)
    return buffer.getvalue()


def _parquet(_):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


UTF16 = "utf-16-le"


@pytest.mark.parametrize(
    ("pack", "told"),
    [
        (
            _zip,
            "log.csv is no CSV file: it is a zip archive (or an Excel workbook), by its first "
            "bytes; unzip it, or save its rows as CSV or Parquet",
        ),
        (
            bz2.compress,
            "log.csv is no CSV file: it is compressed with bzip2, by its first bytes; unpack it "
            "(bunzip2)",
        ),
        (
            lambda content: pa.compress(content, "zstd", asbytes=True),
            "log.csv is no CSV file: it is compressed with zstd, by its first bytes; unpack it "
            "(zstd -d)",
        ),
        (
            _parquet,
            "log.csv is no CSV file: it is a Parquet file, by its first bytes; let its name end "
            "in .parquet",
        ),
        (
            lambda content: gzip.compress(gzip.compress(content)),
            "log.csv is no CSV file: it is compressed with gzip inside gzip, by its first bytes; "
            "gunzip it",
        ),
        (
            lambda content: content.decode().encode("utf-16-le"),
            "log.csv seems to be UTF-16LE without a byte order mark; wanted UTF-8: iconv -f "
            "UTF-16LE -t UTF-8 log.csv > NEW.csv",
        ),
        (
            lambda content: content.replace(b"page", b"S\xe4ite"),
            "log.csv, header, column 2: the name b'S\\xe4ite' is not UTF-8; if it is Latin-1: "
            "iconv -f LATIN1 -t UTF-8 log.csv > NEW.csv",
        ),
        (
            lambda content: content.replace(b"page", b"pa\0e"),
            "log.csv is no CSV file: its header holds NUL bytes; write it as text in UTF-8",
        ),
        (
            lambda content: b"sep=;\r\n" + content.replace(b",", b";"),
            "log.csv: its first line, 'sep=', is for Excel; delete it, so that the names of the "
            "columns come first",
        ),
        (
            lambda content: b"time^page^price\n1^feed^2\n",
            "log.csv has one column, 'time^page^price': if another character separates its "
            "values, write it with one of commas, semicolons, tabs, |",
        ),
    ],
    ids=[
        "zip",
        "bzip2",
        "zstd",
        "parquet",
        "gzip twice",
        "utf-16",
        "latin-1",
        "nul",
        "excel",
        "caret",
    ],
)
def test_what_is_no_csv_is_named_with_what_to_do(tmp_path, pack, told):
    path = tmp_path / "log.csv"
    path.write_bytes(pack(written().encode()))
    with pytest.raises(BadDataError) as error:
        opened(path)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html></html>", "an HTML page, by its first bytes; was it downloaded "),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, by its first "),
    ],
)
def test_texts_of_other_formats_are_named(tmp_path, content, said):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(BadDataError) as error:
        opened(path)
    assert str(error.value).startswith(f"log.csv is no CSV file: it is {said}")


def test_gzip_that_ends_early_is_to_be_delivered_again(tmp_path):
    path = tmp_path / "log.csv.gz"
    rows = "".join(f"{x},{x * x % 997}\n" for x in range(90_000))
    path.write_bytes(gzip.compress(f"a,b\n{rows}".encode())[:-50_000])
    with pytest.raises(BadDataError) as error:
        read(path)
    assert str(error.value) == (
        "log.csv.gz can't be read as CSV (Truncated compressed stream); its compressed data is "
        "damaged or ends early: deliver it again"
    )


@pytest.mark.parametrize("name", ["ORC", "PAR1", "BZh", "Obj"])
def test_a_column_may_have_the_name_of_a_format(tmp_path, name):
    (tmp_path / "log.csv").write_text(f"{name},b\n1,2\n")
    assert read(tmp_path / "log.csv")[1] == [["1", "2"]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\r\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        gzip.compress(b"", mtime=0),
        b"a;b\n",
        b"a,b",
        b"a,b\n\n\n",
    ],
)  # fmt: skip
def test_a_file_without_a_row_has_none(tmp_path, content):
    (tmp_path / "log.csv").write_bytes(content)
    reader, rows = read(tmp_path / "log.csv")
    assert reader.is_empty and rows == []


def test_a_broken_row_says_what_separates_the_values(tmp_path):
    (tmp_path / "log.csv").write_text("a;b\n1;2\n3;4;5\n")
    with pytest.raises(BadDataError) as error:
        read(tmp_path / "log.csv")
    assert str(error.value) == (
        "log.csv, row 1: 3 fields, but the header has 2: '3;4;5'. Quote values that hold a "
        "semicolon or a quote, and write the file again"
    )


def test_quotes_are_followed_with_any_delimiter(tmp_path):
    (tmp_path / "log.csv").write_text('a;b\n1;"x, " y\n')
    with pytest.raises(BadDataError, match=r"line 2: a quoted value goes on after its closing"):
        read(tmp_path / "log.csv")
    # A comma ends no value here, so that this quote opens none.
    (tmp_path / "log.csv").write_text('a;b\n1;5,"6\n2;7\n')
    assert read(tmp_path / "log.csv")[1] == [["1", '5,"6'], ["2", "7"]]


def test_the_name_of_the_only_column_may_hold_a_blank(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("item id\n17\n18\n")
    assert CsvFile(str(path), "log.csv").schema.names == ["item id"]
    path.write_text("item id\n17 3\n18 4\n")
    with pytest.raises(BadDataError, match="log.csv has one column, 'item id': if another char"):
        CsvFile(str(path), "log.csv")
