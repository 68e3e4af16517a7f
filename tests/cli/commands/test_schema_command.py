"""`polyrank schema` and `polyrank data spans` on a small log of one's own."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cli.commands.data import data
from cli.commands.schema import schema
from common.errors import BadDataError
from schemas.contract import load_contract
from schemas.tags import ContractError

DAY_ONE = 1_772_323_200  # 2026-03-01T00:00:00Z
ROWS = 3_000


def _rows():
    rng = np.random.default_rng(7)
    user, item = rng.integers(0, 150, ROWS), rng.integers(0, 120, ROWS)
    click = rng.random(ROWS) < np.where(item % 3 == 0, 0.4, 0.1)
    return pd.DataFrame(
        {
            "tab": rng.choice([1, 2, 3], ROWS, p=[0.6, 0.3, 0.1]),
            "ts": DAY_ONE + np.arange(ROWS) * 3 * 86_400 // ROWS,
            "user_id": user,
            "user_age": 20 + user % 40,
            "item_id": [f"i{x}" for x in item],
            "price": np.round(5 + item / 7, 2),
            "is_click": click.astype(int),
            "is_buy": (click & (rng.random(ROWS) < 0.4)).astype(int),
        }
    )


def _invoke(group, *arguments):
    return CliRunner().invoke(group, [str(x) for x in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of `raw/log.parquet`, its inferred schema, and the spans made with it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "raw").mkdir()
    _rows().to_parquet(folder / "raw" / "log.parquet", index=False)
    proposed = folder / "my" / "schema.pbtxt"
    result = _invoke(schema, "infer", "--data", folder / "raw", "--out", proposed)
    assert result.exit_code == 0, result.output
    assert "label: is_buy (label:buy given:click)" in result.output
    wrote = _invoke(
        data, "spans", "--source", folder / "raw", "--schema", proposed, "--out", folder / "log"
    )
    assert f"{ROWS:,} rows in 3 spans, 2026-03-01 to 2026-03-03" in wrote.output
    return folder


@pytest.fixture
def check(made):
    """Checks spans of changed rows, one CSV file a day; returns (exit code, stdout, stderr)."""

    def run(folder, change=lambda rows: rows):
        rows = change(_rows())
        for day in range(3):
            span = folder / f"span=2026-03-0{day + 1}"
            span.mkdir()
            part = rows[(rows.ts - DAY_ONE) // 86_400 == day]
            part.to_csv(span / "part.csv", index=False)
        command = ("check", "--data", folder, "--schema", made / "my" / "schema.pbtxt")
        result = CliRunner().invoke(schema, [str(x) for x in command])
        return result.exit_code, result.stdout, result.stderr

    return run


def test_spans_hold_all_rows_in_the_contracts_types(made):
    contract = load_contract(made / "my" / "schema.pbtxt")
    parts = sorted((made / "log").glob("span=*/*.parquet"))
    found = pd.concat([pq.read_table(part).to_pandas() for part in parts], ignore_index=True)
    wanted = _rows()[[column.name for column in contract.columns]]
    # Numbers of pages are scenarios' names.
    assert found.tab.tolist() == [str(x) for x in wanted.tab]
    for name in ("ts", "user_id", "user_age", "item_id", "is_click", "is_buy"):
        assert found[name].tolist() == wanted[name].tolist()
    np.testing.assert_allclose(found.price, wanted.price, rtol=1e-6)


def test_good_spans_are_told_to_be_good(made, check, tmp_path):
    code, told, wrong = check(tmp_path)
    assert (code, wrong) == (0, "")
    lines = told.splitlines()
    assert (
        lines[0]
        == "3,000 rows in 3 file(s), 3 spans, 2026-03-01 to 2026-03-03; 3,000 keep the contract"
    )
    assert f"label click: {_rows().is_click.sum()} positives" in told
    assert f"scenario 3: {(_rows().tab == 3).sum()} rows" in told
    assert lines[-1] == "every row keeps the contract"


def _broken(rows):
    rows = rows.astype(object)
    rows.loc[[5, 1100], "tab"] = 9
    rows.loc[7, "is_click"] = 2
    rows.loc[[2500, 2600, 2700], "user_id"] = None
    rows.loc[8, "price"] = "cheap"
    rows.loc[9, ["is_click", "is_buy"]] = [0, 1]
    return rows


def test_violations_are_counted_by_rule_with_the_first_row(made, check, tmp_path):
    code, told, wrong = check(tmp_path, _broken)
    assert code == 4
    assert "2,992 keep the contract" in told
    assert wrong.splitlines() == [
        "bad data: missing: 3 rows; for one, span=2026-03-03/part.csv, row 500: "
        "column 'user_id' is None; wanted a value in every row. user_id is empty in 3 of 3,000 "
        "rows: where these are guests, drop 'presence' and 'shape' from this feature in the "
        "schema; else correct the log",
        "bad data: unknown_scenario: 2 rows; for one, span=2026-03-01/part.csv, row 5: "
        "column 'tab' is '9'; wanted one of 1, 2, 3",
        "bad data: child_without_parent: 1 rows; for one, span=2026-03-01/part.csv, row 9: "
        "column 'is_buy' is '1'; wanted 0, for is_click is 0",
        "bad data: not_0_or_1: 1 rows; for one, span=2026-03-01/part.csv, row 7: "
        "column 'is_click' is '2'; wanted 0 or 1",
        "bad data: unusable_number: 1 rows; for one, span=2026-03-01/part.csv, row 8: "
        "column 'price' is 'cheap'; wanted a finite number",
    ]


def test_every_file_that_does_not_fit_is_told(made, check, tmp_path):
    check(tmp_path)
    for day, name in ((1, "is_buy"), (3, "price")):
        path = tmp_path / f"span=2026-03-0{day}" / "part.csv"
        pd.read_csv(path).drop(columns=name).to_csv(path, index=False)
    (tmp_path / "span=2026-03-02" / "part.csv").rename(tmp_path / "span=2026-03-02" / "part.txt")
    command = ("check", "--data", tmp_path, "--schema", made / "my" / "schema.pbtxt")
    result = CliRunner().invoke(schema, [str(x) for x in command])
    assert result.exit_code == 4
    for told in (
        "span=2026-03-01/part.csv does not fit the schema:\n  column 'is_buy' is missing",
        "span=2026-03-02 holds no .parquet",
        "span=2026-03-03/part.csv does not fit the schema:\n  column 'price' is missing",
    ):
        assert told in result.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"is_buy": 0}, "column 'is_buy' (label:buy) is 0 in all 3,000 rows: nothing can be"),
        ({"tab": 2}, "column 'tab' (scenario) is '2' in every row, and its string_domain lists 3"),
    ],
)
def test_rows_that_are_all_alike_are_told(made, check, tmp_path, change, told):
    code, _, wrong = check(tmp_path, lambda rows: rows.assign(**change))
    assert code == 4 and told in wrong


@pytest.fixture
def with_gaps(made, tmp_path):
    """The schema with a number of purchases that may be missing as its second label."""
    text = (made / "my" / "schema.pbtxt").read_text()
    head, _, tail = text.partition('name: "is_buy"')
    tail = tail.replace('"label:buy given:click"', '"label:buy given:click above:0"', 1)
    for required in ("presence { min_fraction: 1 }", "shape { dim { size: 1 } }"):
        assert required in tail
        tail = tail.replace(required, "", 1)
    path = tmp_path / "gaps.pbtxt"
    path.write_text(f'{head}name: "is_buy"{tail}')
    return path


def _check_purchases(folder, schema_path, purchases):
    folder.mkdir()
    for day in range(3):
        rows = _rows().assign(is_buy=purchases)
        rows = rows[(rows.ts - DAY_ONE) // 86_400 == day]
        (folder / f"span=2026-03-0{day + 1}").mkdir()
        rows.to_csv(folder / f"span=2026-03-0{day + 1}" / "part.csv", index=False)
    return CliRunner().invoke(
        schema, ["check", "--data", str(folder), "--schema", str(schema_path)]
    )


def test_a_label_that_is_a_count_with_gaps_is_checked_and_its_gaps_counted(with_gaps, tmp_path):
    purchases = _rows().is_buy.astype(float) * 3
    purchases[2900:] = np.nan
    result = _check_purchases(tmp_path / "log", with_gaps, purchases)
    assert result.exit_code == 0, result.output
    positives = int((purchases > 0).sum())
    assert (
        f"label buy: {positives} positives ({positives / 2900:.2%} of the rows that have it)"
        in result.output
    )
    assert "buy is not known yet in 100 of 1,000 rows of 2026-03-03" in result.output.splitlines()


def test_a_label_that_only_clicked_rows_have_is_negative_in_the_others(with_gaps, tmp_path):
    purchases = _rows().is_buy.astype(float).where(_rows().is_click == 1, np.nan)
    purchases[2900:] = np.nan
    result = _check_purchases(tmp_path / "log", with_gaps, purchases)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert (
        "buy is empty in most rows without click of 2026-03-01, 2026-03-02: there it is taken as "
        "negative" in lines
    )
    # Of the last day too few purchases are known to take the other gaps for negatives.
    clicks = _rows().is_click[2000:]
    assert (
        f"buy is known in only {clicks[:900].sum() / clicks.sum():.1%} of the rows with click of "
        "2026-03-03, and in fewer without: buy is left out there" in lines
    )
    assert not any(line.startswith("buy is not known yet") for line in lines)
    positives = int(purchases[:2000].sum())
    assert (
        f"label buy: {positives} positives ({positives / 2000:.2%} of the rows that have it)"
        in lines
    )


def test_a_label_that_no_row_has_and_one_without_positives_are_told(with_gaps, tmp_path):
    never = _check_purchases(tmp_path / "never", with_gaps, np.nan)
    assert never.exit_code == 4
    assert (
        "bad data: column 'is_buy' (label:buy) is missing in all 3,000 rows: nothing can be "
        "learned of it; deliver rows that have it, or drop its tag" in never.stderr
    )
    negative = _rows().is_buy.where(_rows().is_buy == 0, np.nan)
    none = _check_purchases(tmp_path / "none", with_gaps, negative)
    assert none.exit_code == 4
    known = int(negative.notna().sum())
    assert (
        f"column 'is_buy' (label:buy) is at most 0 in all {known:,} rows that have it: nothing can "
        "be learned of it" in none.stderr
    )


def test_a_bad_tag_is_named_with_its_feature_and_the_fix(made, tmp_path):
    text = (made / "my" / "schema.pbtxt").read_text()
    wrong = tmp_path / "schema.pbtxt"
    wrong.write_text(text.replace('"label:buy given:click"', '"label:buy givn:click"'))
    with pytest.raises(ContractError, match="feature 'is_buy', tag 'label:buy givn:click': .*give"):
        _invoke(schema, "check", "--data", made / "log", "--schema", wrong)


def test_an_existing_schema_is_not_overwritten(made):
    path = made / "my" / "schema.pbtxt"
    before = path.read_text()
    command = ("infer", "--data", made / "raw", "--out", path)
    assert "exists already" in _invoke(schema, *command).output
    assert path.read_text() == before
    assert _invoke(schema, *command, "--overwrite").exit_code == 0
    assert [x.name for x in path.parent.iterdir()] == ["schema.pbtxt"]


def test_without_out_the_schema_is_printed(made):
    printed = _invoke(schema, "infer", "--data", made / "raw").output
    assert printed == (made / "my" / "schema.pbtxt").read_text()


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("ts", None, r"row 4, column 'ts': got None, want INT \(missing"),
        ("user_age", 1.5, r"row 4, column 'user_age': got 1.5, want INT \(unusable_number"),
    ],
)
def test_spans_refuse_a_value_by_file_row_and_column(made, tmp_path, column, value, told):
    rows = _rows()
    rows[column] = rows[column].astype(float)
    rows.loc[4, column] = value
    rows.to_parquet(tmp_path / "log.parquet", index=False)
    command = ("spans", "--source", tmp_path, "--schema", made / "my" / "schema.pbtxt")
    with pytest.raises(BadDataError, match=rf"log\.parquet, {told}"):
        _invoke(data, *command, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_log_are_told(tmp_path):
    with pytest.raises(BadDataError, match="nowhere does not exist"):
        _invoke(schema, "infer", "--data", tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("a")
    with pytest.raises(BadDataError, match=r"found: notes\.txt.*: \.parquet, \.csv, "):
        _invoke(schema, "infer", "--data", tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4,5\n")
    with pytest.raises(BadDataError, match=r"a\.csv, row 1: 3 fields, but the header has 2"):
        _invoke(schema, "infer", "--data", tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n")
    with pytest.raises(BadDataError, match="has no row; deliver the log again"):
        _invoke(schema, "infer", "--data", tmp_path)
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadDataError, match=r"b\.parquet can't be read"):
        _invoke(schema, "infer", "--data", tmp_path)


@pytest.mark.parametrize("name", ["shop.txt", "shop.CSV", "shop.csv.zip"])
def test_a_file_of_an_unknown_ending_is_told_with_the_known_ones(made, tmp_path, name):
    (tmp_path / name).write_text("x,y\n1,2\n")
    spans = ("spans", "--schema", made / "my" / "schema.pbtxt", "--out", tmp_path / "out")
    known = r"\.parquet, \.csv, \.csv\.gz, \.tsv, \.tsv\.gz, \.tfrecord or \.tfrecord\.gz$"
    with pytest.raises(BadDataError, match=rf"{name} is no file of a log.*: {known}"):
        _invoke(data, *spans, "--source", tmp_path / name)
    with pytest.raises(BadDataError, match=rf"holds no file of a log.*found: {name}.*: {known}"):
        _invoke(data, *spans, "--source", tmp_path)


def test_files_of_mixed_types_or_columns_are_told(tmp_path):
    rows = _rows()
    rows.to_parquet(tmp_path / "a.parquet")
    rows.assign(user_id="x").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(BadDataError, match="b.parquet, column 'user_id' is string, and int64 in"):
        _invoke(schema, "infer", "--data", tmp_path)
    rows.drop(columns="price").assign(cost=1).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(BadDataError, match="it lacks 'price', it has 'cost' besides"):
        _invoke(schema, "infer", "--data", tmp_path)


def test_every_command_names_what_it_leaves_out(made, check, tmp_path, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    check(tmp_path)
    (tmp_path / "notes.md").write_text("read me")
    (tmp_path / "span=2026-03-01" / "late.CSV").write_text("x")
    told = (
        "left out: notes.md (it is not in a folder called span=YYYY-MM-DD)\n"
        "left out: span=2026-03-01/late.CSV (its name does not end in .parquet, .csv, .csv.gz, "
        ".tsv, .tsv.gz, .tfrecord or .tfrecord.gz)\n"
    )
    schema_path = made / "my" / "schema.pbtxt"
    commands = (
        (schema, "check", "--data", tmp_path, "--schema", schema_path),
        (schema, "infer", "--data", tmp_path, "--out", other / "schema.pbtxt"),
        (schema, "infer", "--data", tmp_path),
        (data, "spans", "--source", tmp_path, "--schema", schema_path, "--out", other / "out"),
    )
    for group, *words in commands:
        result = _invoke(group, *words)
        assert result.exit_code == 0 and told in result.output, words
    # Printed to stdout, a schema has no line that is none of it.
    assert "left out: notes.md" not in _invoke(schema, "infer", "--data", tmp_path).stdout
