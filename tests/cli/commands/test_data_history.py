import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from past_events import DATES, SCHEMA, random_day, read_day, write_log

from cli.commands.data import data
from common.errors import BadDataError
from common.settings import SettingsError
from schemas.contract import load_contract


@pytest.fixture
def log(tmp_path):
    tables = {date: random_day(day, 40, 3) for day, date in enumerate(DATES)}
    write_log(tmp_path / "log", tables)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    return tmp_path


def history(folder, *options, events="click,buy"):
    required = ("--data", folder / "log", "--schema", folder / "schema.pbtxt", "--events", events)
    words = [str(word) for word in ("history", *required, *options)]
    return CliRunner().invoke(data, words, catch_exceptions=False)


def test_it_writes_log_schema_and_state_and_says_so(log):
    out, latest = log / "new", log / "users.parquet"
    result = history(log, "--out", out, "--latest", latest, "--columns", "item, brand")
    assert result.exit_code == 0
    rows = [read_day(out, date) for date in DATES]
    clicks = sum(1 for day in rows for row in day.to_pylist() if row["user"] and row["click"])
    assert f"{clicks} of 120 rows are events (click, buy), listed by item, brand\n" in result.output
    assert f"{out}: 120 rows in 3 spans, 2026-01-01 to 2026-01-03" in result.output
    assert f"schema: {log / 'new.pbtxt'}" in result.output
    assert f"{latest}: 4 users" in result.output
    contract = load_contract(log / "new.pbtxt")
    (group,) = contract.sequence_groups
    names = ["history_item", "history_brand", "history_action", "history_gap"]
    assert [column.name for column in group.columns] == names
    assert rows[0].column_names[-4:] == names
    assert pq.read_schema(latest).names == ["user", *names[:3], "history_time"]


def test_what_exists_stays_unless_overwritten(log):
    out, latest = log / "new", log / "users.parquet"
    assert history(log, "--out", out).exit_code == 0
    with pytest.raises(BadDataError, match=r"new\.pbtxt exists already.*--overwrite"):
        history(log, "--out", out)
    with pytest.raises(BadDataError, match=r"span=2026-01-01 and 2 more.*--overwrite"):
        history(log, "--out", out, "--schema-out", log / "other.pbtxt")
    assert not (log / "other.pbtxt").exists()
    latest.write_bytes(b"old")
    with pytest.raises(BadDataError, match=r"users\.parquet exists already"):
        history(log, "--latest", latest)
    assert latest.read_bytes() == b"old"
    assert history(log, "--out", out, "--latest", latest, "--overwrite").exit_code == 0


def test_a_log_that_has_grown_is_resumed(log):
    first = log / "log" / f"span={DATES[2]}"
    first.rename(log / "later")
    history(log, "--out", log / "new", "--length", "3")
    files = {path: path.stat().st_mtime_ns for path in (log / "new").glob("*/*")}
    (log / "later").rename(first)
    result = history(log, "--out", log / "new", "--length", "3", "--resume")
    assert "kept as they were: the spans 2026-01-01 to 2026-01-02" in result.output
    assert {path: path.stat().st_mtime_ns for path in files} == files
    history(log, "--out", log / "whole", "--length", "3")
    for date in DATES:
        assert read_day(log / "new", date).equals(read_day(log / "whole", date))


def test_what_is_kept_must_be_of_the_same_settings_and_complete(log):
    out = log / "new"
    history(log, "--out", out)
    for other in (("--delay", 9), ("--scenario", "own"), ("--length", 9), ("--columns", "brand")):
        with pytest.raises(BadDataError, match=r"new\.pbtxt is of another schema or of other"):
            history(log, "--out", out, "--resume", *other)
    with pytest.raises(BadDataError, match="which would say what their histories are"):
        history(log, "--out", out, "--resume", "--schema-out", log / "other.pbtxt")
    (out / f"span={DATES[1]}").rename(log / "gone")
    with pytest.raises(BadDataError, match="holds span=2026-01-03.*earlier span=2026-01-02"):
        history(log, "--out", out, "--resume")
    assert "exclude each other" in history(log, "--out", out, "--resume", "--overwrite").output


def test_a_stopped_call_is_resumed_unless_it_was_replacing(log):
    out, third = log / "new", log / "log" / f"span={DATES[2]}" / "part-0.parquet"
    content = third.read_bytes()
    third.write_bytes(b"PAR1 broken")
    with pytest.raises(BadDataError, match="can't be read as Parquet"):
        history(log, "--out", out)
    third.write_bytes(content)
    assert "kept as they were" in history(log, "--out", out, "--resume").output
    third.write_bytes(b"PAR1 broken")
    with pytest.raises(BadDataError, match="can't be read as Parquet"):
        history(log, "--out", out, "--overwrite", "--length", "9")
    third.write_bytes(content)
    for length in ("50", "9"):
        with pytest.raises(BadDataError, match=r"new\.pbtxt, which would say"):
            history(log, "--out", out, "--resume", "--length", length)


def test_nothing_to_write_and_wrong_settings_are_said_before_any_work(log):
    assert "give --out, --latest or both" in history(log).output
    result = history(log, "--latest", log / "x", "--schema-out", log / "y")
    assert "give --out too" in result.output
    with pytest.raises(SettingsError, match="no label is called 'by'; did you mean 'buy'"):
        history(log, "--out", log / "new", events="click,by")
    with pytest.raises(SettingsError, match="'length' is 0"):
        history(log, "--out", log / "new", "--length", "0")
    with pytest.raises(BadDataError, match="data folder .*none does not exist"):
        history(log, "--out", log / "new", "--data", log / "none")
    assert not (log / "new").exists()


def test_rows_that_break_the_contract_are_counted_with_a_reason(log):
    span = log / "log" / f"span={DATES[0]}"
    bad = random_day(1, 3, 0)  # Of the next day.
    pq.write_table(bad, span / "part-9.parquet")
    result = history(log, "--out", log / "new")
    assert "3 of 123 rows break the contract" in result.output
    assert "outside_its_day: 3 rows" in result.output


def test_help_shows_a_command_line_that_works(log, monkeypatch):
    output = CliRunner().invoke(data, ["history", "--help"]).output
    shown = output[output.index("polyrank data history") :].split("polyrank schema")[0]
    words = shown.replace("\\\n", " ").split()
    assert words[:2] == ["polyrank", "data"]
    monkeypatch.chdir(log)
    result = CliRunner().invoke(data, words[2:], catch_exceptions=False)
    assert result.exit_code == 0
    assert (log / "log-history" / f"span={DATES[0]}").is_dir()


def test_no_output_replaces_the_schema_or_another_output(log):
    schema = log / "schema.pbtxt"
    for out, options, named in (
        (log / "schema", (), r"--schema-out would write .*schema\.pbtxt, which is the schema"),
        (log / "new", ("--latest", schema), r"--latest would write .*which is the schema"),
        (log / "new", ("--latest", log / "new.pbtxt"), "--latest .*which is that of --schema-out"),
        (log / "new", ("--latest", log / "new"), "--latest .*which is that of --out"),
        (log / "new", ("--schema-out", log / "x" / ".." / "new"), "--schema-out .*that of --out"),
    ):
        with pytest.raises(BadDataError, match=named):
            history(log, "--out", out, "--overwrite", *options)
    assert schema.read_text() == SCHEMA
    assert sorted(path.name for path in log.iterdir()) == ["log", "schema.pbtxt"]
    result = history(log, "--out", log / "new", "--latest", log / "log")
    assert result.exit_code == 2
    assert "is a directory" in result.output
    assert not (log / "new").exists()


@pytest.mark.parametrize("how", ["--overwrite", "--resume"])
def test_spans_that_the_log_does_not_have_are_not_mixed_with_new_ones(log, how):
    history(log, "--out", log / "new")
    (log / "log" / f"span={DATES[0]}").rename(log / "lost")
    with pytest.raises(BadDataError, match=r"new holds span=2026-01-01, which the log does not"):
        history(log, "--out", log / "new", how)
    assert (log / "new.pbtxt").exists()


def test_columns_of_text_without_a_type_are_named(log):
    (log / "log" / f"span={DATES[0]}" / "part-0.parquet").unlink()
    random_day(0, 40, 3).to_pandas().to_csv(log / "log" / f"span={DATES[0]}" / "a.csv", index=False)
    result = history(log, "--out", log / "new")
    assert "not in the schema, so not written from CSV files: note\n" in result.output
    assert "note" not in read_day(log / "new", DATES[0]).column_names
    assert "note" in read_day(log / "new", DATES[1]).column_names
    assert "not in the schema" not in history(log, "--latest", log / "x.parquet").output


def test_a_column_of_a_lists_name_is_refused_before_anything_is_written(log):
    part = log / "log" / f"span={DATES[0]}" / "part-0.parquet"
    table = pq.read_table(part)
    pq.write_table(table.append_column("history_gap", table["item"]), part)
    with pytest.raises(BadDataError, match=r"part-0\.parquet has a column 'history_gap' already"):
        history(log, "--out", log / "new")
    assert not (log / "new.pbtxt").exists()
    assert history(log, "--out", log / "new", "--group", "other").exit_code == 0
