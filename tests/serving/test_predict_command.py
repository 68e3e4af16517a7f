import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
import tensorflow as tf
from city_model import expected_logits
from click.testing import CliRunner

from cli.commands.predict import predict
from cli.commands.serve import serve
from common.errors import BadDataError, PolyrankError
from serving.errors import ServingError

ROWS = [{"city": "osaka", "age": 2.0, "click": 1}, {"city": "nowhere", "age": 1}]


@pytest.fixture
def ask(served):
    def run(*arguments, rows=""):
        options = ["--target", served.target, "--model-name", "cities"]
        return CliRunner().invoke(
            predict, [*options, *arguments], input=rows, catch_exceptions=False
        )

    return run


def _lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_rows_from_standard_input_become_json_lines(ask):
    result = ask("--json", rows=_lines(ROWS))
    assert result.exit_code == 0
    printed = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["logit"] for row in printed] == [6.0, 7.0]
    assert [row["city"] for row in printed] == ["osaka", "nowhere"]


def test_rows_from_a_file_become_a_table(ask, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(_lines(ROWS))
    result = ask(str(file))
    assert "logit" in result.stdout
    assert "6.0000" in result.stdout
    assert "7.0000" in result.stdout


def _write(path, cities, ages, **others):
    """Writes rows as the ending of `path` says."""
    table = pyarrow.table({"city": cities, "age": ages, **others})
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path, row_group_size=2)
    else:
        pyarrow.csv.write_csv(table, path)
    return str(path)


def _printed(result):
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


CITIES, AGES = ["basel", "lagos", "osaka"], [1.0, 2.0, 3.0]


def test_rows_from_parquet_carry_their_file_and_row(ask, tmp_path):
    path = _write(tmp_path / "rows.parquet", CITIES, AGES, click=[0, 1, 0])
    rows = _printed(ask("--json", "--parquet", path))
    assert [row["logit"] for row in rows] == expected_logits(CITIES, AGES).tolist()
    assert [(row["file"], row["row"]) for row in rows] == [(path, 0), (path, 1), (path, 2)]
    assert [row["logit"] for row in _printed(ask("--json", "--parquet", path, "--rows", "2"))] == [
        row["logit"] for row in rows[:2]
    ]


def test_several_files_of_all_formats_lose_no_row(ask, tmp_path):
    parquet = _write(tmp_path / "a.parquet", CITIES * 400, AGES * 400)
    csv = _write(tmp_path / "b.csv", CITIES, AGES)
    lines = tmp_path / "c.jsonl"
    lines.write_text(_lines(ROWS))
    options = ["--json", "--parquet", parquet, "--csv", csv, "--parquet", parquet]
    rows = _printed(ask(*options, str(lines), "-", rows=_lines(ROWS[:1])))
    cities = ["osaka", "nowhere", "osaka", *(CITIES * 800), *CITIES]
    ages = [2.0, 1.0, 2.0, *(AGES * 800), *AGES]
    assert [row["logit"] for row in rows] == expected_logits(cities, ages).tolist()
    assert [row["line"] for row in rows[:3]] == [1, 2, 1]
    assert [row["row"] for row in rows[3:]] == [*range(1200), *range(1200), 0, 1, 2]
    assert [row.get("file") for row in rows[:4]] == [str(lines), str(lines), None, parquet]


def test_folders_and_patterns(ask, tmp_path):
    log = tmp_path / "log [1]"
    (log / "span=2026-01-01").mkdir(parents=True)
    _write(log / "span=2026-01-01" / "part-0.parquet", CITIES, AGES)
    _write(log / "span=2026-01-01" / "part-1.csv", CITIES[:1], AGES[:1])
    (log / "span=2026-01-01" / "_SUCCESS").write_text("")
    result = ask("--json", str(log))
    rows = _printed(result)
    assert [row["file"] for row in rows] == [
        *[f"{log}/span=2026-01-01/part-0.parquet"] * 3,
        f"{log}/span=2026-01-01/part-1.csv",
    ]
    assert result.stderr == (
        f"left out: {log}/span=2026-01-01/_SUCCESS (its name begins with '.' or '_')\n"
    )
    _write(tmp_path / "x1.csv", CITIES[:2], AGES[:2])
    _write(tmp_path / "x2.csv", CITIES[2:], AGES[2:])
    rows = _printed(ask("--json", "--csv", str(tmp_path / "x*.csv")))
    assert [row["logit"] for row in rows] == expected_logits(CITIES, AGES).tolist()


def test_a_parquet_file_of_any_name(ask, tmp_path):
    path = pathlib.Path(_write(tmp_path / "rows.parquet", CITIES, AGES)).rename(tmp_path / "rows")
    assert len(_printed(ask("--json", "--parquet", str(path)))) == 3


def test_keys_are_printed_with_the_scores(ask, tmp_path):
    path = _write(
        tmp_path / "rows.parquet",
        CITIES,
        AGES,
        id=[2**60, 2, 3],
        click=[0, 1, 0],
        at=pyarrow.array([0, 1, None], pyarrow.timestamp("s")),
    )
    rows = _printed(ask("--json", path, "--key", "id", "--key", "at", "--key", "click"))
    assert [list(row) for row in rows] == [["id", "at", "row.click", "city", "click", "logit"]] * 3
    assert [row["id"] for row in rows] == [2**60, 2, 3]
    assert [row["at"] for row in rows] == ["1970-01-01 00:00:00", "1970-01-01 00:00:01", None]
    assert [row["row.click"] for row in rows] == [0, 1, 0]
    table = ask(path, "--key", "id").stdout.splitlines()
    assert table[1].split() == ["id", "city", "click", "logit"]
    assert table[3].split() == [str(2**60), "basel", "0.5622", "0.2500"]
    csv = _write(tmp_path / "rows.csv", CITIES, AGES, id=["007", "a,b", None])
    assert [row["id"] for row in _printed(ask("--json", csv, "--key", "id"))] == [
        "007",
        "a,b",
        None,
    ]
    lines = ask("--json", "--key", "id", rows=_lines([ROWS[0] | {"id": {"a": [1]}}]))
    assert _printed(lines)[0]["id"] == {"a": [1]}


def test_a_table_names_the_files_where_there_are_several(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a[b].csv", "c.parquet"):
        _write(pathlib.Path(name), CITIES[:1], AGES[:1])
    assert [line.split() for line in ask("a[b].csv").stdout.splitlines()[1::2]] == [
        ["row", "city", "click", "logit"],
        ["0", "basel", "0.5622", "0.2500"],
    ]
    lines = [line.split() for line in ask("a[b].csv", "c.parquet").stdout.splitlines()]
    assert lines[1] == ["file", "row", "city", "click", "logit"]
    assert [line[:2] for line in lines[3:5]] == [["a[b].csv", "0"], ["c.parquet", "0"]]


def test_texts_of_csv_are_the_models_types(ask, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('age,city\n2.0,osaka\n,osaka\n3,""\n')
    rows = _printed(ask("--json", str(path)))
    assert [row["logit"] for row in rows] == [6.0, None, 21.0]


def test_values_of_a_tfrecord(ask, tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "rows.tfrecord")) as writer:
        for city, age in (("osaka", 2.0), ("lagos", 1.0)):
            example = tf.train.Example()
            example.features.feature["city"].bytes_list.value.append(city.encode())
            example.features.feature["age"].float_list.value.append(age)
            writer.write(example.SerializeToString())
    rows = _printed(ask("--json", str(tmp_path / "rows.tfrecord")))
    assert [row["logit"] for row in rows] == [6.0, -1.5]


def test_what_is_wrong_with_the_rows_is_said(ask, tmp_path):
    with pytest.raises(BadDataError, match="standard input, line 2 has no age; wanted age, city"):
        ask(rows=_lines([ROWS[0], {"city": "basel"}]))
    with pytest.raises(BadDataError, match="standard input, line 2: Expecting"):
        ask(rows=_lines(ROWS[:1]) + "{city: 1}")
    with pytest.raises(BadDataError, match=r"line 1: wanted a JSON object, got \[1\]"):
        ask(rows="[1]\n")
    with pytest.raises(BadDataError, match="standard input holds no rows"):
        ask(rows="\n")
    with pytest.raises(BadDataError, match="absent.parquet does not exist"):
        ask("--parquet", str(tmp_path / "absent.parquet"))
    with pytest.raises(BadDataError, match="absent.jsonl does not exist"):
        ask(str(tmp_path / "absent.jsonl"))
    with pytest.raises(BadDataError, match=r"no file matches .*/absent\*.csv"):
        ask("--csv", str(tmp_path / "absent*.csv"))
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(BadDataError, match="text.parquet can't be read as Parquet"):
        ask("--parquet", str(tmp_path / "text.parquet"))


def test_a_bad_value_is_named_with_its_file_and_row(ask, tmp_path):
    ages = ["1.0"] * 700
    path = _write(tmp_path / "rows.csv", ["osaka"] * 700, ages[:600] + ["old"] + ages[:99])
    result = ask("--json", path, "--rows", "600")
    assert len(_printed(result)) == 600
    where = re.escape(f"{path}, row 600, column 'age': got 'old' (str), wanted a finite number")
    with pytest.raises(BadDataError, match=where):
        ask("--json", path)
    lines = tmp_path / "rows.jsonl"
    lines.write_text("\n" + _lines([ROWS[0], {"city": "basel", "age": [1]}]))
    with pytest.raises(BadDataError, match=r"rows.jsonl, line 3, column 'age': got \[1\] \(list"):
        ask(str(lines))
    lines.write_bytes(b'{"city": "\xff", "age": 1}\n')
    with pytest.raises(BadDataError, match=r"line 1, column 'city': got '.udcff' \(str\), wanted"):
        ask(str(lines))


def test_columns_that_a_file_lacks_or_has_twice_are_named(ask, tmp_path):
    path = _write(tmp_path / "rows.csv", CITIES, AGES)
    with pytest.raises(BadDataError, match=r"rows.csv has no user_id; wanted age, city, user_id"):
        ask(path, "--key", "user_id")
    (tmp_path / "twice.csv").write_text("age,city,age\n1,osaka,2\n")
    with pytest.raises(BadDataError, match="twice.csv has the column 'age' 2 times"):
        ask(str(tmp_path / "twice.csv"))
    lists = _write(tmp_path / "lists.parquet", CITIES, [[1.0], [2.0, 3.0], [4.0]])
    with pytest.raises(BadDataError, match=r"row 1, column 'age': got \[2.0, 3.0\], wanted one"):
        ask(lists)


def test_text_that_is_no_utf_8_is_refused_as_a_run_refuses_it(ask, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("city,age,id\nosaka,1,a\nZürich,2,b\n".encode("latin-1"))
    with pytest.raises(BadDataError, match=r"rows.csv, row 1, column 'city': got b'Z.xfcrich'"):
        ask("--json", str(path))
    path.write_bytes("city,age,id\nosaka,1,Zürich\n".encode("latin-1"))
    assert len(_printed(ask("--json", str(path)))) == 1
    with pytest.raises(BadDataError, match=r"row 0, column 'id': got b'Z.xfcrich', wanted text in"):
        ask("--json", str(path), "--key", "id")
    with pytest.raises(BadDataError, match=r"line 1, column 'id': got '.ud800', wanted text in"):
        ask("--json", "--key", "id", rows='{"city": "a", "age": 1, "id": "\\ud800"}\n')


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[" * 200_000, "line 2: lists or objects are nested too deeply"),
        ('{"age":' * 200_000, "line 2: lists or objects are nested too deeply"),
        ('{"city": "a", "age": ' + "9" * 5000 + "}", "line 2(: a number has|.*too many digits)"),
        ('"' + "a" * 10_000 + '"', 'line 2: wanted a JSON object, got "a{79}$'),
    ],
    ids=["lists", "objects", "digits", "text"],
)
def test_lines_that_pythons_json_stumbles_over_are_named(ask, line, message):
    with pytest.raises(BadDataError, match=f"standard input, {message}"):
        ask(rows=_lines(ROWS[:1]) + line + "\n")


def test_rows_after_the_first_n_are_not_read(ask, tmp_path):
    assert len(_printed(ask("--json", "--rows", "1", rows=_lines(ROWS[:1]) + "{city: 1}\n"))) == 1
    lists = _write(tmp_path / "lists.parquet", CITIES, [[1.0], [2.0, 3.0], [4.0]])
    assert [row["row"] for row in _printed(ask("--json", "--rows", "1", lists))] == [0]
    bad = tmp_path / "bad.csv"
    bad.write_text("no,columns\n1,2\n")
    path = _write(tmp_path / "rows.parquet", CITIES, AGES)
    for count in (2, 3):
        rows = _printed(ask("--json", "--rows", str(count), path, str(bad)))
        assert [row["logit"] for row in rows] == expected_logits(CITIES, AGES)[:count].tolist()
    rows = _printed(ask("--json", "--rows", "5", path, path))
    assert [row["row"] for row in rows] == [0, 1, 2, 0, 1]


def test_standard_input_is_read_once(ask):
    result = ask("-", "-", rows=_lines(ROWS))
    assert result.exit_code == 2
    assert "standard input (-) can be read once" in result.stderr
    result = ask("--key", "", rows=_lines(ROWS))
    assert result.exit_code == 2
    assert "--key is empty; name a column" in result.stderr


def test_a_feature_that_no_first_example_of_a_tfrecord_has_is_missing(ask, tmp_path):
    path = str(tmp_path / "rows.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for row in range(10_001):
            example = tf.train.Example()
            example.features.feature["age"].float_list.value.append(2.0)
            example.features.feature["id"].int64_list.value.append(row)
            example.features.feature["ids"].int64_list.value.extend([row, 7])
            if row == 10_000:  # Beyond the examples that the reader takes the types from.
                example.features.feature["city"].bytes_list.value.append(b"osaka")
            writer.write(example.SerializeToString())
    rows = _printed(ask("--json", path, "--key", "id", "--key", "ids"))
    assert rows[0]["logit"] == expected_logits([""], [2.0])[0]
    assert rows[-1]["logit"] == 6.0
    assert (rows[-1]["id"], rows[-1]["ids"]) == (10_000, [10_000, 7])
    with pytest.raises(BadDataError, match="rows.tfrecord has no user_id; wanted age, city"):
        ask(path, "--key", "user_id")


def test_no_key_and_no_output_is_lost(ask, tmp_path):
    path = _write(
        tmp_path / "rows.parquet", CITIES, AGES, ids=[[1, 2], [], None], **{"row.city": [7, 8, 9]}
    )
    row = _printed(ask("--json", path, "--key", "city", "--key", "row.city", "--key", "ids"))[0]
    assert list(row) == ["row.row.city", "row.city", "ids", "city", "click", "logit"]
    assert (row["row.row.city"], row["row.city"], row["ids"]) == ("basel", 7, [1, 2])


def test_a_file_of_another_format_than_its_option_is_refused(ask, tmp_path):
    csv = _write(tmp_path / "x.csv", CITIES, AGES)
    parquet = _write(tmp_path / "y.parquet", CITIES, AGES)
    with pytest.raises(BadDataError, match="--parquet .*x.csv: .*x.csv is csv, by its name; give"):
        ask("--parquet", csv)
    with pytest.raises(BadDataError, match=f"--csv {tmp_path}: {parquet} is parquet, by its name"):
        ask("--csv", str(tmp_path))
    with pytest.raises(BadDataError, match=f"{parquet} is parquet, by its name; give {parquet}"):
        ask("--csv", str(tmp_path / "*"))
    lines = tmp_path / "rows.jsonl.gz"
    lines.write_bytes(gzip.compress(_lines(ROWS).encode()))
    with pytest.raises(BadDataError, match="is compressed with gzip, .*; gunzip it; wanted JSON"):
        ask(str(lines))


def test_the_command_ends_with_the_status_of_bad_data(served, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("city,age\nosaka,2\nlagos,much\n")
    options = ["--target", served.target, "--model-name", "cities", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "polyrank", "predict", *options], capture_output=True, text=True
    )
    assert done.stdout == ""
    assert done.stderr == (
        f"bad data: {path}, row 1, column 'age': got 'much' (str), wanted a finite number "
        "(float32)\n"
    )
    assert done.returncode == 4


def test_an_unknown_model_is_named(ask):
    with pytest.raises(ServingError, match="model 'towns' at .*NOT_FOUND"):
        ask("--model-name", "towns", rows=_lines(ROWS))


def test_serving_an_empty_folder_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    with pytest.raises(PolyrankError, match=r"serving/polyrank holds no model version; run"):
        CliRunner().invoke(serve, ["--work-dir", str(tmp_path)], catch_exceptions=False)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
