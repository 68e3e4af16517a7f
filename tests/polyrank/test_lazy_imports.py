"""`import polyrank` is light; its names are imported on first use."""

import subprocess
import sys

import pytest

import polyrank
from cli.main import main
from components.common import artifacts
from polyrank import api

HEAVY = ("tensorflow", "tfx", "apache_beam", "keras", "tf_keras", "numpy", "pyarrow", "grpc")


def _python(*arguments):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "program",
    ["import polyrank", "import polyrank.api", "import polyrank; dir(polyrank); polyrank.run"],
)
def test_nothing_heavy_is_imported(program):
    loaded = _python("-c", f"{program}\nimport sys; print(*sys.modules)").split()
    assert not set(HEAVY).intersection(loaded)


def test_names_are_imported_from_where_they_are_defined():
    from polyrank import SpanWindow, run

    assert run is api.run
    assert SpanWindow is artifacts.SpanWindow


def test_all_names_exist():
    owners = {name: getattr(polyrank, name).__module__ for name in polyrank.__all__}
    assert set(owners.values()) == {"polyrank.api", "components.common.artifacts"}
    assert set(polyrank.__all__) <= set(dir(polyrank))
    assert set(api.__all__) <= set(polyrank.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'polyrank' has no attribute 'Span'"):
        polyrank.Span  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'trian'"):
        from polyrank import trian  # noqa: F401


def test_python_m_polyrank_is_the_command(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["polyrank", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert _python("-m", "polyrank", "--help") == capsys.readouterr().out
    assert _python("-m", "polyrank", "run", "--help").startswith("Usage: polyrank run ")
