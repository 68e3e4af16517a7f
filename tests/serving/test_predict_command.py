import json

import pyarrow
import pyarrow.parquet
import pytest
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


def test_rows_from_parquet(ask, tmp_path):
    cities, ages = ["basel", "lagos", "osaka"], [1.0, 2.0, 3.0]
    table = pyarrow.table({"city": cities, "age": ages, "click": [0, 1, 0]})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    result = ask("--json", "--parquet", str(tmp_path / "rows.parquet"), "--rows", "2")
    logits = [json.loads(line)["logit"] for line in result.stdout.splitlines()]
    assert logits == expected_logits(cities[:2], ages[:2]).tolist()


def test_what_is_wrong_with_the_rows_is_said(ask, tmp_path):
    with pytest.raises(BadDataError, match="row 2 lacks age"):
        ask(rows=_lines([ROWS[0], {"city": "basel"}]))
    with pytest.raises(BadDataError, match="line 2: Expecting"):
        ask(rows=_lines(ROWS[:1]) + "{city: 1}")
    with pytest.raises(BadDataError, match=r"line 1: wanted a JSON object, got \[1\]"):
        ask(rows="[1]\n")
    with pytest.raises(BadDataError, match="holds no rows"):
        ask(rows="\n")
    with pytest.raises(BadDataError, match="absent.parquet does not exist"):
        ask("--parquet", str(tmp_path / "absent.parquet"))
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(BadDataError, match="text.parquet is no Parquet file"):
        ask("--parquet", str(tmp_path / "text.parquet"))


def test_an_unknown_model_is_named(ask):
    with pytest.raises(ServingError, match="model 'towns' at .*NOT_FOUND"):
        ask("--model-name", "towns", rows=_lines(ROWS))


def test_serving_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(PolyrankError, match=r"serving/polyrank holds no model version; run"):
        CliRunner().invoke(serve, ["--work-dir", str(tmp_path)], catch_exceptions=False)
