"""What both stacks need: imports in the right order, no component that is None, Beam's runner."""

import ast
import importlib
import pathlib
import subprocess
import sys

import pytest
import tfx.components
from apache_beam.options.pipeline_options import StandardOptions

from common import tfx_compat

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (
    "schemas",
    "serving",
    "models",
    "data",
    "components",
    "pipeline",
    "cli",
    "benchmarks",
    "tests",
)
USERS = {
    ("Evaluator", "evaluator"): "pipeline.pipeline",
    ("Trainer", "trainer"): "pipeline.pipeline",
    ("ExampleValidator", "example_validator"): "pipeline.feature_components",
    ("StatisticsGen", "statistics_gen"): "components.contract_statistics.component",
    ("Transform", "transform"): "components.contract_transform.component",
}


def imported(path):
    """The modules that a file imports, wherever in it, and the names it takes from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_but_the_stack_module_imports_what_needs_an_order():
    files = [*ROOT.glob("*.py"), *(path for name in CODE for path in (ROOT / name).rglob("*.py"))]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in imported(path)
        if name.partition(".")[0] in {"tensorflow_data_validation", "tensorflow_model_analysis"}
        or name in {f"tfx.components.{component}" for component, _ in USERS}
    ]
    assert len(files) > 200 and wrong == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "module",
    # The end-to-end tests give the `tfx` command the first of them.
    [pytest.param("local_runner", marks=pytest.mark.slow), "models.metrics.tfma.quality_metric"],
)
def test_a_fresh_interpreter_imports_tfx_first(module):
    script = (
        f"import {module}, sys; names = list(sys.modules)\n"
        "needy = ['tensorflow_data_validation', 'tensorflow_model_analysis']\n"
        "first = min(names.index(name) for name in needy if name in names)\n"
        "from common.tfx_compat import tfma\n"
        "print(names.index('tfx') < first, tfma.EvalConfig.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["True EvalConfig"], done.stderr


@pytest.mark.parametrize("name", [name for name, _ in USERS])
def test_a_stock_component_is_tfxs_own(name):
    found = getattr(tfx_compat, name)
    assert found is getattr(tfx.components, name) and found.__name__ == name


@pytest.mark.parametrize(("name", "folder", "user"), [(*key, user) for key, user in USERS.items()])
def test_a_component_that_is_none_is_told_when_the_pipeline_is_built(
    monkeypatch, name, folder, user
):
    monkeypatch.setattr(tfx.components, name, None)
    monkeypatch.setitem(sys.modules, f"tfx.components.{folder}.component", None)
    monkeypatch.delitem(sys.modules, user, raising=False)
    with pytest.raises(tfx_compat.StackError) as caught:
        importlib.import_module(user)
    assert str(caught.value) == (
        f"TFX's {name} can't be imported (import of tfx.components.{folder}.component halted; "
        "None in sys.modules); this environment is not complete: install all of one lock of "
        "requirements/"
    )


@pytest.mark.e2e
def test_a_user_sees_no_stack_trace_for_a_missing_dependency():
    script = (
        "import sys; sys.modules['tensorflow_model_analysis'] = None\n"
        "sys.argv = ['polyrank', 'run', '--preset', 'synthetic']\n"
        "from cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "can't be imported (" in done.stderr.splitlines()[-1]


def test_what_the_stack_does_not_have_is_no_attribute():
    with pytest.raises(AttributeError, match="'common.tfx_compat' has no attribute 'Tuner'"):
        _ = tfx_compat.Tuner


IN_PROCESS = ["--runner=FnApiRunner", "--setup_file=setup.py"]


@pytest.mark.parametrize(
    ("known", "given", "expected"),
    [
        (["DirectRunner"], [], []),
        (["DirectRunner"], ["--direct_num_workers=2"], ["--direct_num_workers=2"]),
        (["FnApiRunner"], [], IN_PROCESS),
        (["FnApiRunner"], ["--direct_num_workers=2"], ["--direct_num_workers=2", *IN_PROCESS]),
        (["FnApiRunner"], ["--setup_file=a.py"], ["--setup_file=a.py", "--runner=FnApiRunner"]),
        (["FnApiRunner"], ["--runner=FlinkRunner"], ["--runner=FlinkRunner"]),
        (["FnApiRunner"], ["--runner", "FlinkRunner"], ["--runner", "FlinkRunner"]),
    ],
)
def test_beam_runs_in_the_process_unless_told_otherwise(monkeypatch, known, given, expected):
    monkeypatch.setattr(StandardOptions, "KNOWN_RUNNER_NAMES", known)
    assert tfx_compat.beam_arguments(given) == expected
