"""An edit of any code that an artifact depends on changes the digest, and no other edit does."""

import pathlib
import shutil

import pytest
from packaging_facts import distributed_packages

from common.source_digest import ROOT, code_digest

WITHOUT_EFFECT = {
    "cli",
    "polyrank",
    "data/adapters",
    "data/history",
    "data/inference",
    "data/synthetic",
}
"""Packages whose code no artifact of a run depends on."""

PACKAGES = [
    name.replace(".", "/")
    for name in distributed_packages()
    if "." not in name or name.startswith("data.")
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of our packages, next to another distribution's as in an installation."""
    root = tmp_path_factory.mktemp("site-packages")
    for package in {name.partition("/")[0] for name in PACKAGES}:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    (root / "numpy").mkdir()
    (root / "numpy" / "__init__.py").touch()
    return root


@pytest.fixture()
def edited(copy):
    """Changes a file of the copy, and changes it back when the test ends."""
    before = {}

    def edit(path: pathlib.Path) -> None:
        before[path] = path.read_bytes()
        path.write_bytes(before[path] + b"# changed\n")

    yield edit
    for path, content in before.items():
        path.write_bytes(content)


def test_the_packages_are_found():
    assert {"common", "data", "data/log", "cli"} < set(PACKAGES)
    assert set(PACKAGES) >= WITHOUT_EFFECT


@pytest.mark.parametrize("package", PACKAGES)
def test_an_edit_in_any_package_is_seen(copy, edited, package):
    before = code_digest(copy)
    edited(copy / package / "__init__.py")
    without_effect = any(package == x or package.startswith(f"{x}/") for x in WITHOUT_EFFECT)
    assert (code_digest(copy) == before) == without_effect


def test_a_new_sub_package_of_data_is_seen(copy):
    before = code_digest(copy)
    (copy / "data" / "joined").mkdir()
    (copy / "data" / "joined" / "__init__.py").touch()
    changed = code_digest(copy)
    shutil.rmtree(copy / "data" / "joined")
    assert changed != before == code_digest(copy)


def test_names_count_and_other_files_do_not(copy):
    before = code_digest(copy)
    notes, file = copy / "models" / "notes.txt", copy / "models" / "registry.py"
    notes.write_text("no code")
    assert code_digest(copy) == before
    notes.unlink()
    file.rename(file.with_name("other.py"))
    changed = code_digest(copy)
    file.with_name("other.py").rename(file)
    assert changed != before == code_digest(copy)


def test_named_packages_count_with_all_that_is_in_them(copy, edited):
    before = code_digest(copy, ("common", "data"))
    edited(copy / "models" / "__init__.py")
    assert code_digest(copy, ("common", "data")) == before
    edited(copy / "data" / "adapters" / "__init__.py")
    assert code_digest(copy, ("common", "data")) != before


def test_it_does_not_depend_on_where_the_code_lies(copy, edited):
    assert code_digest(copy) == code_digest(ROOT) == code_digest()
    edited(copy / "models" / "__init__.py")
    assert code_digest(copy) != code_digest()
