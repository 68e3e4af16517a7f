"""The top-level packages: their names are generic, and several files list them."""

import importlib.util
import pathlib
import sys

import pytest
from packaging_facts import ROOT, distributed_packages

from polyrank.shadowing import PACKAGES as CHECKED_FOR_SHADOWS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOT_DISTRIBUTED = {"benchmarks"}
PACKAGES = sorted(name for name in distributed_packages() if "." not in name)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_name_resolves_to_this_repository(name):
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    assert pathlib.Path(spec.origin) == ROOT / name / "__init__.py"


def test_every_list_names_the_folders_that_are_packages():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(PACKAGES) == folders - NOT_DISTRIBUTED
    assert {*CHECKED_FOR_SHADOWS, "polyrank"} == set(PACKAGES)
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert set(tools["mypy"]["packages"]) == folders
    assert set(tools["importlinter"]["root_packages"]) == set(PACKAGES)
    image = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {x for x in (line.removeprefix("!") for line in image) if x in folders} == set(PACKAGES)
    # pytest puts the test folders on sys.path: as packages they would shadow ours.
    assert not list(ROOT.glob("tests/**/__init__.py"))


def test_every_folder_of_python_files_is_distributed():
    folders = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.py")
    }
    assert folders == set(distributed_packages())


def test_layers_of_the_import_contract_are_packages_and_none_is_left_out():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = tools["importlinter"]["contracts"][0]["layers"]
    assert set(layers) <= set(distributed_packages())
    assert {layer.partition(".")[0] for layer in layers} == set(PACKAGES)
