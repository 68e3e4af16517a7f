import gzip
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from impression_log import (
    DATES,
    DAY_ONE,
    changed,
    csv_bytes,
    day_table,
    examples_of,
    read_split,
    wanted_rows,
    write_tfrecord,
)

from common.errors import BadDataError
from components.impression_example_gen.split import SplitConfig
from data.log.files import LogFile
from data.log.formats.endings import format_of
from data.log.formats.opening import open_checked, open_log


def _write(path: pathlib.Path, table: pa.Table) -> None:
    """Writes a table in the format that the name says."""
    if ".tfrecord" in path.name:
        write_tfrecord(path, examples_of(table))
    elif ".csv" in path.name:
        text = csv_bytes(table)
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    else:
        pq.write_table(table, path)


def log_file(path):
    return LogFile(str(path), path.name, format_of(path.name))


def _open(contract, path):
    return open_checked(log_file(path), contract)


def _error(contract, path):
    """Returns what reading all of a file says."""
    with pytest.raises(BadDataError) as error:
        for _ in _open(contract, path).batches(0, [c.name for c in contract.columns]):
            pass
    return str(error.value)


@pytest.fixture()
def empty_log(log):
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    return log


@pytest.mark.parametrize(
    "names",
    [
        ("part-0.csv", "part-1.csv.gz", "part-0.csv"),
        ("part-0.tfrecord", "part-1.tfrecord.gz", "p.tfrecord-00000-of-00001.gz"),
        ("part-0.csv", "part-1.parquet", "part-0.tfrecord"),
    ],
)
def test_every_format_gives_the_rows_of_the_log(empty_log, names):
    log = empty_log
    first = day_table(0)
    _write(log.path(0, names[0]), first.slice(0, 25))
    _write(log.path(0, names[1]), first.slice(25))
    for day in (1, 2):
        _write(log.path(day, names[2]), day_table(day))
    log.path(1, "notes.txt").write_text("left out")
    examples, _ = log.run("run")
    second = day_table(1)
    assert read_split(examples, "train") == wanted_rows(first, second.slice(0, 20))
    assert read_split(examples, "validation") == wanted_rows(second.slice(20))
    assert read_split(examples, "eval") == wanted_rows(day_table(2))


@pytest.mark.parametrize(
    "name", ["part-0.parquet", "part-0.csv", "part-0.csv.gz", "part-0.tfrecord.gz"]
)
def test_refused_rows_of_every_format_are_kept_as_parquet(log, name):
    table = changed(day_table(1), "scenario", {17: "cart"})
    table = changed(table, "view", {38: 3})
    log.path(1, "part-0.parquet").unlink()
    _write(log.path(1, name), table)
    _, quarantine = log.run("run", SplitConfig(validation_fraction=0.25, max_quarantined_share=0.1))
    kept = pa.concat_tables(map(pq.read_table, sorted(pathlib.Path(quarantine.uri).iterdir())))
    reasons = ["quarantine_row", "quarantine_reason", "quarantine_column", "quarantine_file"]
    file = f"span={DATES[1]}/{name}"
    assert kept.select(reasons).sort_by("quarantine_row").to_pydict() == {
        "quarantine_row": [17, 38],
        "quarantine_reason": ["unknown_scenario", "not_0_or_1"],
        "quarantine_column": ["scenario", "view"],
        "quarantine_file": [file, file],
    }
    # The column outside the contract too.
    extra = [cell[0] if isinstance(cell, list) else cell for cell in kept["extra"].to_pylist()]
    wanted = {"not in the contract 57", "not in the contract 78"}
    assert {tf.compat.as_text(cell) for cell in extra} == wanted


def test_the_log_may_lie_on_any_path_that_fileio_knows(empty_log):
    from tfx.dsl.io import fileio

    log = empty_log
    for day, ending in enumerate(("parquet", "csv.gz", "tfrecord")):
        local = log.folder / f"day.{ending}"
        _write(local, day_table(day))
        folder = f"ram://ingested/span={DATES[day]}"
        fileio.makedirs(folder)
        fileio.copy(str(local), f"{folder}/part-0.{ending}", overwrite=True)
    examples, _ = log.run("run", data_path="ram://ingested")
    assert read_split(examples, "eval") == wanted_rows(day_table(2))
    assert sum(examples.get_int_custom_property(f"rows_{s}") for s in ("train", "validation")) == 80


def test_names_say_the_format():
    known = ["a.parquet", "a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.tfrecord", "a.tfrecords.gz"]
    assert all(map(format_of, [*known, "a.tfrecord-00000-of-00003", "part.c000.csv"]))
    assert not any(map(format_of, ["a.json", "a.csv.zip", "a.gz", "tsv", "a.parquet.tmp"]))


def test_quotes_newlines_and_gaps_of_a_csv(contract, tmp_path):
    path = tmp_path / "a.csv"
    text = '\ufeffuser,item,age\n"a,b","say ""no""\nor not",\n\u00e4,"",3\n\n,x,4\n'
    path.write_bytes(text.encode())
    reader = open_log(log_file(path), contract)
    (batch,) = reader.batches(0, ["age", "user", "item"])
    assert batch.to_pydict() == {
        "age": [None, b"3", b"4"],
        "user": [b"a,b", "\u00e4".encode(), None],
        "item": [b'say "no"\nor not', b"", b"x"],
    }


def test_blank_lines_are_skipped_and_a_quote_within_a_value_is_a_character(contract, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\n\r\nuser,item\n\nm1,5" tv\n\nm2,"6"" tv"\nm3,7\n')
    reader = open_log(log_file(path), contract)
    assert reader.schema.names == ["user", "item"]
    (batch,) = reader.batches(0, ["user", "item"])
    assert batch["item"].to_pylist() == [b'5" tv', b'6" tv', b"7"]
    assert reader.take(0, np.array([1]))["user"].to_pylist() == ["m2"]
    path.write_bytes(b"user,item\n\nm1,5\n\nm2\n")
    with pytest.raises(BadDataError, match="a.csv, row 1: 1 fields, but the header has 2: 'm2'"):
        list(open_log(log_file(path), contract).batches(0, ["user"]))


def test_batches_are_cut_and_rows_are_found_again(contract, tmp_path):
    for name in ("a.csv", "a.tfrecord", "a.parquet"):
        _write(tmp_path / name, day_table(0))
        reader = _open(contract, tmp_path / name)
        batches = list(reader.batches(0, ["time"], 16))
        assert [batch.num_rows for batch in batches] == [16, 16, 8]
        taken = reader.take(0, pa.array([0, 15, 16, 39]).to_numpy())
        times = [t[0] if isinstance(t, list) else int(t) for t in taken["time"].to_pylist()]
        assert times == [DAY_ONE + 600 * row for row in (0, 15, 16, 39)]


CSV = csv_bytes(day_table(0))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", CSV + b"1,2\n", r"a.csv, row 40: 2 fields, but the header has 11: '1,2'"),
        ("a.csv", CSV + b'1,2,3,4,5,6,7,8,9,10,"\n', "a.csv, line 42: the quote .*is not closed"),
        (
            "a.csv",
            CSV + b'1,2,3,4,5,6,7,8,9,10,"tv\n' + b"1,2,3,4,5,6,7,8,9,10,11\n" * 2 + b'"x',
            "a.csv, line 45: a quoted value goes on after its closing quote: '\"x'",
        ),
        ("a.csv", CSV.replace(b"user", b"us\xfcr", 1), "a.csv, header, column 3: the name b'us"),
        ("a.csv", CSV + b"1\0,2\n", r"a.csv, row 40: 2 fields, but the header has 11"),
        ("a.csv.gz", gzip.compress(CSV)[:-20], "a.csv.gz can't be read as CSV .*Truncated"),
        ("a.csv", CSV.replace(b",", b"^"), "a.csv has one column, 'extra.*if another character"),
        ("a.parquet", gzip.compress(CSV), "a.parquet can't be read as Parquet; it is compressed"),
        ("a.tfrecord", b"PK\3\4" + CSV, "a.tfrecord is no TFRecord file: it is a zip archive"),
        ("a.parquet", CSV, "a.parquet can't be read as Parquet"),
        ("a.tfrecord", CSV, "a.tfrecord, row 0 can't be read as TFRecord: corrupted record at 0"),
        ("a.tfrecord.gz", CSV, "a.tfrecord.gz, row 0 can't be read as TFRecord: corrupted record"),
        ("b.tfrecord", gzip.compress(CSV), r"b.tfrecord, row 0 can't be read as TFRecord \(gzip\)"),
    ],
    ids=[
        "short row", "open quote", "text after a quote", "not utf-8", "nul", "truncated gzip",
        "carets", "packed parquet", "zip", "no parquet", "no tfrecord", "no gzip", "packed csv",
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_is_named(contract, tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadDataError, match=f"(?s){message}"):
        for _ in _open(contract, path).batches(0, [c.name for c in contract.columns]):
            pass


def test_a_corrupt_or_truncated_tfrecord_says_where(contract, tmp_path):
    path = tmp_path / "a.tfrecord"
    _write(path, day_table(0))
    whole = path.read_bytes()
    # A record is its length (8 bytes), that one's checksum (4), the example, its checksum (4).
    sizes = [16 + len(example) for example in examples_of(day_table(0))]
    assert sum(sizes) == len(whole)
    path.write_bytes(whole[:-3])
    told = _error(contract, path)
    assert f"a.tfrecord, row {len(sizes) - 1} can't be read as TFRecord: truncated record" in told
    packed = tmp_path / "a.tfrecord.gz"
    for size in (12, 50, 100):
        packed.write_bytes(gzip.compress(whole)[:size])
        assert "row 0 can't be read as TFRecord (gzip): " in _error(contract, packed)
    inside = sum(sizes[:23]) + 20
    path.write_bytes(whole[:inside] + bytes([whole[inside] ^ 1]) + whole[inside + 1 :])
    told = _error(contract, path)
    assert f"row 23 can't be read as TFRecord: corrupted record at {sum(sizes[:23]) + 12}" in told


def test_a_record_that_is_no_example_or_of_another_type_says_which_row(contract, tmp_path):
    path = tmp_path / "a.tfrecord"
    good = examples_of(day_table(0))
    write_tfrecord(path, [*good[:7], b"no example", *good[7:]])
    assert "a.tfrecord, row 7 can't be decoded as tf.Example" in _error(contract, path)
    wrong = tf.train.Example.FromString(good[5])
    wrong.features.feature["click"].bytes_list.value.append(b"yes")
    write_tfrecord(path, [*good[:5], wrong.SerializeToString(), *good[6:]])
    message = _error(contract, path)
    assert message.startswith("a.tfrecord, row 5 can't be decoded as tf.Example")
    assert 'expected int64_list, found bytes_list for feature "click"' in message


def test_features_that_no_example_has(contract, tmp_path):
    path = tmp_path / "a.tfrecord"
    write_tfrecord(path, examples_of(day_table(0).drop(["age", "price"])))
    (batch,) = _open(contract, path).batches(0, ["age", "time"])
    assert batch.column(batch.schema.get_field_index("age")).null_count == 40
    write_tfrecord(path, examples_of(day_table(0).drop(["click"])))
    assert "column 'click' is missing; wanted INT" in _error(contract, path)
    write_tfrecord(path, [])
    assert list(_open(contract, path).batches(0, ["click"])) == []


def test_features_without_a_kind_are_missing(contract, tmp_path):
    path = tmp_path / "a.tfrecord"
    examples = [tf.train.Example.FromString(x) for x in examples_of(day_table(0))]
    for row, example in enumerate(examples):
        example.features.feature["unnamed"].CopyFrom(tf.train.Feature())
        example.features.feature["age"].CopyFrom(tf.train.Feature())
        if row == 39:
            example.features.feature["age"].int64_list.value.append(79)
    nowhere = [x.SerializeToString() for x in examples[:39]]
    write_tfrecord(path, nowhere)
    reader = _open(contract, path)
    (batch,) = reader.batches(0, ["age"])
    assert batch["age"].to_pylist() == [None] * 39 and "unnamed" not in reader.schema.names
    # Only later than where the types are looked for.
    write_tfrecord(path, nowhere * 421 + [examples[39].SerializeToString()])
    first, second = _open(contract, path).batches(0, ["age"])
    assert (first.num_rows, first["age"].null_count) == (16_384, 16_384)
    assert second["age"].to_pylist() == [None] * (39 * 421 - 16_384) + [[79]]


def test_a_value_of_a_csv_that_is_no_number_or_text_is_refused_with_its_row(log):
    lines = csv_bytes(day_table(1)).split(b"\n")
    fields = lines[8].split(b",")
    fields[8], fields[10] = b"1_0", b'"\xff"'
    lines[8] = b",".join(fields)
    log.path(1, "part-0.parquet").unlink()
    log.path(1, "part-0.csv").write_bytes(b"\n".join(lines))
    with pytest.raises(BadDataError) as error:
        log.run("run", SplitConfig(max_quarantined_share=0))
    assert (
        "unusable_number: 1 rows; for one, span=2026-01-02/part-0.csv, row 7: column 'age' is "
        "'1_0'; wanted a whole number"
    ) in str(error.value)
