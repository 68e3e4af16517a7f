"""The project's generic package names must be ours, not some dependency's."""

import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "name",
    ["common", "schemas", "data", "serving", "models", "components", "pipeline", "cli", "polyrank"],
)
def test_a_package_name_resolves_to_this_repository(name):
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    assert pathlib.Path(spec.origin) == ROOT / name / "__init__.py"
