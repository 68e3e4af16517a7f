"""What has one definition is not written a second time."""

import ast
import pathlib

import pytest

from models.metrics.names import COMPARED, JUDGED, SMALLER_IS_BETTER, TITLES

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("common", "schemas", "data", "serving", "models", "components", "pipeline", "cli")
SOURCES = [
    *ROOT.glob("*.py"),
    *(path for name in (*PACKAGES, "benchmarks") for path in (ROOT / name).rglob("*.py")),
]
OTHER_JSON = {
    "common/json_files.py",
    # Values inside another document, not documents: properties, a metric's settings, a filter.
    "components/baseline/executor.py",
    "models/metrics/tfma/eval_config.py",
    "pipeline/kubeflow/recurring_run.py",
    # A digest.
    "models/trials/data.py",
    # Read back by the same code: NaN must come back as NaN; a shard's own words.
    "models/training/checkpointing/checkpoint_files.py",
    "data/log/report.py",
}


def _nodes(kind):
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path.relative_to(ROOT).as_posix(), node


def test_json_is_written_by_json_files():
    found = {
        name
        for name, node in _nodes(ast.Call)
        if ast.unparse(node.func) in ("json.dumps", "json.dump")
        and "sort_keys" not in {keyword.arg for keyword in node.keywords}
    }
    assert found == OTHER_JSON


@pytest.mark.parametrize(
    ("function", "home"),
    [
        ("holm", "models/metrics/significance.py"),
        ("plain_json", "common/json_files.py"),
        ("write_json", "common/json_files.py"),
        ("is_remote", "common/atomic_files.py"),
        ("ranker_maker", "models/training/fit.py"),
        ("starting_rates", "models/initial_biases.py"),
        ("list_log", "data/log/files.py"),
        ("list_span", "data/log/files.py"),
        ("open_log", "data/log/formats/opening.py"),
        ("parse_numbers", "data/log/casting/text_numbers.py"),
        ("check_batch", "data/log/check_batch.py"),
        ("find_adapter", "data/adapters/registry.py"),
    ],
)
def test_a_function_is_defined_once(function, home):
    found = [name for name, node in _nodes(ast.FunctionDef) if node.name == function]
    assert found == [home]


def test_a_log_is_opened_by_its_formats():
    # The command line counts rows of Parquet files, and scores of rows are no log; adapters read
    # files that are none yet.
    others = {"cli/commands/data.py", "components/reference_models/eval_scores.py"}
    readers = {"open_csv", "read_csv", "ParquetFile", "read_table", "read_metadata"}
    found = {
        name
        for name, node in _nodes(ast.Attribute)
        if node.attr in readers and not name.startswith(("data/adapters/", "benchmarks/"))
    }
    assert {name for name in found if not name.startswith("data/log/formats/")} <= others


def test_names_of_metrics_are_those_of_one_module():
    # Settings name their values as types do: a Literal takes no variable.
    settings = {
        "models/config.py",
        "benchmarks/proof/models/settings.py",
        "benchmarks/joint_calibration.py",
    }
    found = {
        name for name, node in _nodes(ast.Constant) if node.value in (*COMPARED, "GAUC", "log loss")
    }
    assert found - settings == {"models/metrics/names.py"}
    assert set(TITLES) == {*COMPARED, *JUDGED} and set(COMPARED) > SMALLER_IS_BETTER
