"""Which Python and lock `make setup` takes: requirements/choose_stack.sh on made-up machines."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
OLD, NEW = "requirements/tfx116-dev.txt", "requirements/tfx121-dev.txt"
ON_OLD = f"3.10 {OLD} TFX 1.16 on Python 3.10 ({OLD}), because "
ON_NEW = f"3.13 {NEW} TFX 1.21 on Python 3.13 ({NEW}), because "


class Machine:
    """A machine whose glibc, and Python 3.13 on PATH or in uv, are made up."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.bin, self.uv = folder / "bin", folder / "uv"
        self.bin.mkdir()

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def glibc(self, version: str) -> None:
        self.command("getconf", f'[ "$1" = GNU_LIBC_VERSION ] && echo "glibc {version}"')

    def run(self, *command: str) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if "MAKE" not in key}
        environment["PATH"] = f"{self.bin}:/usr/bin:/bin"
        environment["UV_PYTHON_INSTALL_DIR"] = str(self.uv)
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    def choice(self, *arguments: str) -> str:
        done = self.run("requirements/choose_stack.sh", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refusal(self, *arguments: str) -> str:
        done = self.run("requirements/choose_stack.sh", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr


@pytest.fixture()
def machine(tmp_path):
    """A machine with glibc 2.41, and without Python 3.13 even where this one has it."""
    machine = Machine(tmp_path)
    machine.glibc("2.41")
    machine.command("python3.13", "echo 'not selected' >&2; exit 127")  # As pyenv's are.
    return machine


def test_an_older_glibc_takes_the_old_stack(machine):
    machine.command("python3.13", "exit 0")
    machine.glibc("2.36")
    assert machine.choice() == f"{ON_OLD}glibc here is 2.36 and TFX 1.21 needs 2.39\n"
    machine.glibc("2.4")
    assert machine.choice() == f"{ON_OLD}glibc here is 2.4 and TFX 1.21 needs 2.39\n"


@pytest.mark.parametrize("version", ["2.39", "2.41", "3.0", "2.39.9000"])
def test_glibc_and_python_of_the_new_stack_take_it(machine, version):
    machine.command("python3.13", "exit 0")
    machine.glibc(version)
    found = machine.bin / "python3.13"
    assert machine.choice() == f"{ON_NEW}glibc here is {version} and Python 3.13 is {found}\n"


def test_a_python_of_uvs_counts(machine):
    found = machine.uv / "cpython-3.13.9-linux-x86_64-gnu" / "bin" / "python3.13"
    found.parent.mkdir(parents=True)
    found.symlink_to("/bin/true")
    assert machine.choice() == f"{ON_NEW}glibc here is 2.41 and Python 3.13 is {found}\n"


def test_without_python_3_13_it_is_the_old_stack(machine):
    reason = "TFX 1.21 needs Python 3.13, which is neither on PATH nor in uv"
    assert machine.choice() == f"{ON_OLD}{reason}\n"


def test_without_glibc_it_is_the_old_stack(machine):
    machine.command("getconf", "exit 1")
    assert machine.choice() == f"{ON_OLD}there is no glibc here and TFX 1.21 needs 2.39\n"


def test_the_lock_follows_from_a_given_python(machine):
    assert machine.choice("3.10", "") == f"{ON_OLD}PYTHON=3.10 asks for it\n"
    assert machine.choice("3.13") == f"{ON_NEW}PYTHON=3.13 asks for it\n"
    machine.command("mine", "echo 3.13")
    mine = str(machine.bin / "mine")
    expected = (
        f"{mine} {NEW} TFX 1.21 on Python {mine} ({NEW}), because PYTHON={mine} asks for it\n"
    )
    assert machine.choice(mine) == expected


def test_the_python_follows_from_a_given_lock(machine):
    assert machine.choice("", NEW) == f"{ON_NEW}LOCK= names it\n"
    assert machine.choice("", OLD) == f"{ON_OLD}LOCK= names it\n"
    gpu = "requirements/tfx116-gpu-dev.txt"
    expected = f"3.10 {gpu} TFX 1.16 on Python 3.10 ({gpu}), because LOCK= names it\n"
    assert machine.choice("", gpu) == expected


def test_both_given_are_kept(machine):
    machine.glibc("2.17")
    assert machine.choice("3.13", NEW) == f"{ON_NEW}PYTHON= and LOCK= name them\n"


def test_what_can_not_be_used_is_refused(machine):
    assert machine.refusal("3.12") == (
        f"setup: no lock is made for PYTHON=3.12; 3.10 has {OLD} and 3.13 has {NEW}, or give "
        "LOCK= too\n"
    )
    assert machine.refusal("", "none.txt") == (
        "setup: LOCK=none.txt does not exist; the locks are requirements/*.txt\n"
    )
    assert machine.refusal("", "requirements/dev.in") == (
        "setup: LOCK=requirements/dev.in does not say for which Python it was made; give PYTHON= "
        "too\n"
    )


def test_make_takes_the_choice_and_says_it_on_setup_only(machine):
    machine.command("python3.13", "exit 0")
    found = machine.bin / "python3.13"
    said = f"setup: {ON_NEW.partition(f'{NEW} ')[2]}glibc here is 2.41 and Python 3.13 is {found}"
    venv = machine.bin.parent / "venv"
    done = machine.run("make", "-n", "setup", f"VENV={venv}")
    assert done.stdout.count(said) == 1
    assert f"--require-hashes -r {NEW}\n" in done.stdout
    assert f"--python 3.13 {venv}\n" in done.stdout
    # A fresh environment is announced, whatever needs it.
    assert machine.run("make", "-n", "lint", f"VENV={venv}").stdout.count(said) == 1
    assert "setup: " not in machine.run("make", "help").stdout


def test_make_keeps_what_the_command_line_gives(machine):
    venv = f"VENV={machine.bin.parent / 'venv'}"
    done = machine.run("make", "-n", "setup", venv, f"LOCK={NEW}")
    assert f"setup: {ON_NEW.partition(f'{NEW} ')[2]}LOCK= names it" in done.stdout
    assert "python find 3.13 " in done.stdout
    done = machine.run("make", "-n", "setup", venv, "PYTHON=3.12")
    assert done.returncode == 2
    assert done.stderr.startswith("setup: no lock is made for PYTHON=3.12; ")
