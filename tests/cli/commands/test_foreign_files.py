"""Files that are written in another way than their names say, and places with unusual names."""

import gzip
import pathlib

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cli.commands.data import data
from cli.commands.schema import schema

DAY_ONE = 1_772_323_200  # 2026-03-01T00:00:00Z
ROWS = 2_000
ODD = [
    "my data", "日志", "ü", "x[1]", "a*", "a?b", "100%20", "a#b", "q'\"z", "-v", "~v", "a{b}",
    "a;b", "$HOME", "a\\b", "a|b",
]  # fmt: skip


def rows():
    rng = np.random.default_rng(7)
    user, item = rng.integers(0, 150, ROWS), rng.integers(0, 120, ROWS)
    click = rng.random(ROWS) < np.where(item % 3 == 0, 0.4, 0.1)
    return pd.DataFrame(
        {
            "timestamp": DAY_ONE + np.arange(ROWS) * 2 * 86_400 // ROWS,
            "page": rng.choice(["feed", "search"], ROWS),
            "user_id": [f"u{x}" for x in user],
            "item_id": [f"i, {x}" for x in item],
            "click": click.astype(int),
        }
    )


def csv_text(separator=","):
    return rows().to_csv(sep=separator, index=False)


def invoke(group, *arguments):
    return CliRunner().invoke(group, [str(x) for x in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of `log.csv`, its inferred schema `s.pbtxt` and its spans `log`."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "log.csv").write_text(csv_text())
    inferred = invoke(schema, "infer", "--data", folder / "log.csv", "--out", folder / "s.pbtxt")
    assert inferred.exit_code == 0, inferred.output
    command = ("spans", "--source", folder / "log.csv", "--schema", folder / "s.pbtxt")
    assert invoke(data, *command, "--out", folder / "log").exit_code == 0
    return folder


@pytest.mark.parametrize(
    ("name", "content", "notes"),
    [
        ("log.csv", csv_text(";").encode(), ["values are separated by semicolons: log.csv"]),
        ("log.csv", csv_text("\t").encode(), ["values are separated by tabs: log.csv"]),
        ("log.tsv", csv_text("\t").encode(), []),
        ("log.csv", csv_text("|").encode("utf-8-sig"), ["values are separated by |: log.csv"]),
        ("log.csv", csv_text().encode("utf-16"), ["text is UTF-16: log.csv"]),
        (
            "log.csv",
            gzip.compress(csv_text(";").encode("utf-16"), mtime=0),
            [
                "values are separated by semicolons: log.csv",
                "text is UTF-16: log.csv",
                "compressed with gzip, though the name does not end in .gz: log.csv",
            ],
        ),
    ],
    ids=["semicolons", "tabs", "tsv", "bars", "utf-16", "all"],
)
def test_infer_spans_and_check_read_the_same_rows_and_say_how(made, tmp_path, name, content, notes):
    source = tmp_path / name
    source.write_bytes(content)
    out = tmp_path / "s.pbtxt"
    inferred = invoke(schema, "infer", "--data", source, "--out", out)
    assert inferred.exit_code == 0, inferred.output
    assert out.read_text() == (made / "s.pbtxt").read_text().replace("log.csv", name)
    assert [line for line in inferred.output.splitlines() if line in notes] == notes

    command = ("spans", "--source", source, "--schema", out, "--out", tmp_path / "log")
    assert invoke(data, *command).exit_code == 0
    for path in sorted((made / "log").glob("*/*.parquet")):
        found = pd.read_parquet(tmp_path / "log" / path.relative_to(made / "log"))
        pd.testing.assert_frame_equal(found, pd.read_parquet(path))

    for day in (1, 2):
        span = tmp_path / "raw" / f"span=2026-03-0{day}"
        span.mkdir(parents=True)
        half = slice(0, ROWS // 2) if day == 1 else slice(ROWS // 2, None)
        part = rows()[half].to_csv(sep={"log.tsv": "\t"}.get(name, ";"), index=False)
        (span / name).write_text(part)
    checked = invoke(schema, "check", "--data", tmp_path / "raw", "--schema", out)
    assert checked.exit_code == 0, checked.output
    lines = checked.stdout.splitlines()
    assert lines[0].startswith("2,000 rows in 2 file(s)")
    assert lines[-1] == "every row keeps the contract"
    files = "span=2026-03-01/log.csv, span=2026-03-02/log.csv"
    said = f"values are separated by semicolons: {files}"
    assert (said in lines) is (name == "log.csv")


@pytest.mark.parametrize("name", ODD)
def test_a_place_may_have_any_name(made, tmp_path, monkeypatch, name):
    """Relative, as people write them, and each command as infer prints it."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path(name).mkdir()
    source, out = f"{name}/log.csv", f"{name}/s.pbtxt"
    pathlib.Path(source).write_text(csv_text())
    inferred = invoke(schema, "infer", "--data", source, "--out", out)
    assert inferred.exit_code == 0, inferred.output
    assert pathlib.Path(out).read_text() == (made / "s.pbtxt").read_text()
    log = f"{name}/log"
    wrote = invoke(data, "spans", "--source", source, "--schema", out, "--out", log)
    assert wrote.exit_code == 0, wrote.output
    assert wrote.output.startswith(f"{log}: 2,000 rows in 2 spans, 2026-03-01 to 2026-03-02 (")
    checked = invoke(schema, "check", "--data", log, "--schema", out)
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout.splitlines()[-1] == "every row keeps the contract"


def test_values_that_are_no_utf8_are_named_with_their_rows(made, tmp_path):
    span = tmp_path / "span=2026-03-01"
    span.mkdir()
    text = rows()[: ROWS // 2].assign(item_id="Schlüssel").to_csv(index=False)
    (span / "log.csv").write_bytes(text.encode("latin-1"))
    checked = invoke(schema, "check", "--data", tmp_path, "--schema", made / "s.pbtxt")
    assert checked.exit_code == 4
    assert checked.stderr.splitlines()[0] == (
        "bad data: not_utf8: 1,000 rows; for one, span=2026-03-01/log.csv, row 0: column "
        "'item_id' is b'Schl\\xfcssel'; wanted text in UTF-8"
    )


def test_infer_names_texts_that_no_run_reads_as_they_are_meant(tmp_path):
    prices = [f"{5 + x / 7:.2f}".replace(".", ",") for x in range(ROWS)]
    made = rows().assign(item_id="Schlüssel " + rows().item_id, price=prices)
    source = tmp_path / "log.csv"
    source.write_bytes(made.to_csv(sep=";", index=False).encode("latin-1"))
    inferred = invoke(schema, "infer", "--data", source, "--out", tmp_path / "s.pbtxt")
    lines = inferred.output.splitlines()
    for said in (
        "column 'item_id' holds text that is not UTF-8 and is refused by a run (if the file is "
        "Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW): log.csv",
        "column 'price' holds numbers with a decimal comma, which are read as text; write them "
        "with a point: log.csv",
    ):
        assert said in lines
