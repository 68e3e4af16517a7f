"""What happens where a user's own module has the name of one of our packages.

Every case runs in a process of its own, in a temporary folder.
"""

import os
import pathlib
import subprocess
import sys

import pytest

import polyrank
from polyrank.shadowing import PACKAGES, ShadowedPackageError, check_packages

ROOT = pathlib.Path(polyrank.__file__).resolve().parents[1]
COMMANDS = {
    "import": ("-c", "import polyrank"),
    "api": ("-c", "from polyrank import api"),
    "command line": ("-m", "polyrank", "--help"),
}


def _python(folder, *arguments, path=()):
    """Runs Python in `folder`, with `path` as PYTHONPATH."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def _message(path, name):
    return (
        f"error: {path} shadows Polyrank's package '{name}' ({ROOT / name}); rename it, or run "
        "Python from another folder and without it in PYTHONPATH\n"
    )


def _folder_without_init(folder):
    (folder / "data").mkdir()
    return folder / "data", "data"


def _folder_with_init(folder):
    (folder / "models").mkdir()
    (folder / "models" / "__init__.py").touch()
    return folder / "models", "models"


def _file(folder):
    (folder / "models.py").touch()
    return folder / "models.py", "models"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("shadow", [_folder_without_init, _folder_with_init, _file])
def test_one_line_names_what_shadows_a_package(tmp_path, shadow, command):
    path, name = shadow(tmp_path)
    done = _python(tmp_path, *command)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", _message(path, name))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_folder_in_pythonpath_is_named(tmp_path, command):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    path, name = _folder_with_init(elsewhere)
    done = _python(here, *command, path=[elsewhere])
    assert (done.returncode, done.stdout, done.stderr) == (1, "", _message(path, name))


def test_a_module_that_the_program_has_imported_already_is_named(tmp_path):
    path, name = _file(tmp_path)
    done = _python(tmp_path, "-c", "import models, sys; del sys.path[0]; import polyrank")
    assert (done.returncode, done.stderr) == (1, _message(path, name))


def test_the_console_script_names_it_too(tmp_path):
    path, name = _folder_with_init(tmp_path)
    script = "import sys; from polyrank.__main__ import main; sys.exit(main())"
    done = _python(tmp_path, "-c", script)
    assert (done.returncode, done.stderr) == (1, _message(path, name))


def test_a_program_can_catch_it_and_other_errors_keep_their_trace(tmp_path):
    _file(tmp_path)
    program = """
for _ in range(2):
    try:
        import polyrank
    except ImportError as error:
        print(type(error).__name__)
raise ValueError("of the program")
"""
    done = _python(tmp_path, "-c", program)
    assert done.stdout.split() == ["ShadowedPackageError"] * 2
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ValueError: of the program\n")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_data_folder_does_no_harm_where_our_packages_come_first(tmp_path, command):
    (tmp_path / "data").mkdir()
    done = _python(tmp_path, *command, path=[ROOT])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_script_next_to_a_data_folder_runs_where_our_packages_come_first(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "program.py").write_text("import polyrank; print(polyrank.__name__)")
    done = _python(tmp_path, "program.py", path=[ROOT])
    assert (done.returncode, done.stdout, done.stderr) == (0, "polyrank\n", "")


def _copy(folder, link=False):
    """Our packages as an installer lays them out: copies, or links to single files."""
    for name in (*PACKAGES, "polyrank"):
        (folder / name).mkdir(parents=True)
        for file in (ROOT / name).glob("*.py"):
            if link:
                (folder / name / file.name).symlink_to(file)
            else:
                (folder / name / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize("link", [False, True], ids=["copied", "linked files"])
def test_packages_that_are_installed_elsewhere_are_no_shadows(tmp_path, link):
    site = _copy(tmp_path / "opt" / "app", link)
    (tmp_path / "here").mkdir()
    program = "import polyrank; print(polyrank.__file__)"
    done = _python(tmp_path / "here", "-c", program, path=[site])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(site / "polyrank" / "__init__.py")


def test_a_linked_folder_of_packages_is_no_shadow(tmp_path):
    (tmp_path / "app").symlink_to(_copy(tmp_path / "release"))
    done = _python(tmp_path, "-c", "import polyrank", path=[tmp_path / "app"])
    assert (done.returncode, done.stderr) == (0, "")


def test_an_incomplete_installation_is_named(tmp_path):
    site = _copy(tmp_path / "site")
    (site / "cli" / "__init__.py").unlink()
    (site / "cli" / "main.py").unlink()
    (site / "cli").rmdir()
    done = _python(tmp_path, "-S", "-c", "import polyrank", path=[site])
    expected = f"error: {site / 'cli'} is missing; install Polyrank again\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_the_tests_themselves_see_no_shadow():
    check_packages()
    assert issubclass(ShadowedPackageError, ImportError)
