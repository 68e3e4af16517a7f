"""An edit of what a module is made of changes its digest, and no other edit does."""

import pathlib
import sys

import pytest

from common.module_source import module_source

FILES = {
    "deep.py": "import json\nimport helper\nfrom twins.left import x\n",
    "helper.py": "def f():\n    import further\n",
    "further.py": "",
    "twins/__init__.py": "",
    "twins/left.py": "from . import right\nx = 1\n",
    "twins/right.py": "import common.errors\n",
    "twins/.hidden/old.py": "",
    "common/errors.py": "",
    "stranger.py": "import deep\n",
    "notes.txt": "import helper",
}


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Modules of the user's, found first, as the current folder's are."""
    written(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def written(folder: pathlib.Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def seen_of(module: str, folder: pathlib.Path) -> set[str]:
    """The files whose edit changes the digest."""
    before, seen = module_source(module).digest, set()
    for name, text in FILES.items():
        (folder / name).write_text(text + "# edited\n")
        if module_source(module).digest != before:
            seen.add(name)
        (folder / name).write_text(text)
    assert module_source(module).digest == before
    return seen


def test_a_file_counts_with_what_it_imports_from_the_same_folder(folder: pathlib.Path) -> None:
    wanted = {"deep.py", "helper.py", "further.py"}
    wanted |= {"twins/__init__.py", "twins/left.py", "twins/right.py"}
    assert seen_of("deep", folder) == wanted
    assert not {"deep", "twins"} & set(sys.modules)  # Nothing is run for it.


def test_a_package_counts_whole_whichever_of_its_modules_is_named(folder: pathlib.Path) -> None:
    wanted = {"twins/__init__.py", "twins/left.py", "twins/right.py"}
    assert seen_of("twins.left", folder) == seen_of("twins.right", folder) == wanted


def test_it_says_what_it_imports(folder: pathlib.Path) -> None:
    found = module_source("deep").imports
    assert {"helper", "further", "twins.left", "twins.right", "common.errors"} <= set(found)


def test_an_installed_module_counts_alone(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "lib" / "site-packages"
    written(installed)
    monkeypatch.syspath_prepend(installed)
    assert seen_of("deep", installed) == {"deep.py"}


def test_a_new_file_and_a_moved_one_change_it(folder: pathlib.Path) -> None:
    before = module_source("twins.left").digest
    (folder / "twins" / "third.py").touch()
    third = module_source("twins.left").digest
    (folder / "twins" / "third.py").rename(folder / "twins" / "fourth.py")
    assert len({before, third, module_source("twins.left").digest}) == 3


def test_what_can_not_be_parsed_still_counts(folder: pathlib.Path) -> None:
    before = module_source("deep").digest
    (folder / "helper.py").write_text("def (:\n")
    assert module_source("deep").digest != before


def test_our_own_packages_are_in_the_code_digest(folder: pathlib.Path) -> None:
    assert module_source("models.zoo").digest == ""


@pytest.mark.parametrize("name", ["sys", "no_such_module"])
def test_a_module_without_a_python_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"module '{name}' has no Python file"):
        module_source(name)
