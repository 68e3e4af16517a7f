"""The commands that `schema infer` prints are typed exactly as they are printed."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from cli.common.next_commands import commands_after_infer

BIN = pathlib.Path(sys.executable).parent


def _rows():
    rng = np.random.default_rng(1)
    user, item = rng.integers(0, 50, 900), rng.integers(0, 30, 900)
    return pd.DataFrame(
        {
            "ts": 1_772_323_200 + np.arange(900) * 200,
            "tab": rng.choice(["a", "b", "c"], 900),
            "user_id": user,
            "item_id": item,
            "click": (rng.random(900) < 0.3).astype(int),
        }
    )


def _typed(folder, command):
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "made", [pytest.param((), marks=pytest.mark.slow), ("log",)], ids=["new", "log-exists"]
)
def test_the_printed_commands_work_as_printed(tmp_path, made):
    for name in made:
        (tmp_path / name / "span=2026-03-01").mkdir(parents=True)
    _rows().to_csv(tmp_path / "my shop's [log].csv", index=False)
    infer = """polyrank schema infer --data "my shop's [log].csv" --out "my schemas/größe.pbtxt" """
    said = _typed(tmp_path, infer)
    assert said.returncode == 0, said.stderr
    above, *commands = said.stdout.splitlines()[-3:]
    assert (
        above
        == "my schemas/größe.pbtxt: read the reason above every feature, correct the tags, then"
    )
    assert [x.split()[:3] for x in commands] == [
        ["polyrank", "data", "spans"],
        ["polyrank", "schema", "check"],
    ]
    for command in commands:
        done = _typed(tmp_path, command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "every row keeps the contract"
    # A log of spans is checked as it is.
    spans = "log-2" if made else "log"
    said = _typed(tmp_path, f"polyrank schema infer --data {spans} --out again.pbtxt")
    *_, above, command = said.stdout.splitlines()
    assert command == f"  polyrank schema check --data {spans} --schema again.pbtxt"
    done = _typed(tmp_path, command)
    assert done.stdout.splitlines()[-1] == "every row keeps the contract"


def test_a_file_becomes_spans_in_a_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("my log.csv").touch()
    assert commands_after_infer(pathlib.Path("my log.csv"), pathlib.Path("s.pbtxt")) == [
        "polyrank data spans --source 'my log.csv' --schema s.pbtxt --out log",
        "polyrank schema check --data log --schema s.pbtxt",
    ]


def test_a_folder_of_files_becomes_spans_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("log", "log-2"):
        pathlib.Path(name).mkdir()
    assert commands_after_infer(pathlib.Path("log"), pathlib.Path("s.pbtxt")) == [
        "polyrank data spans --source log --schema s.pbtxt --out log-3",
        "polyrank schema check --data log-3 --schema s.pbtxt",
    ]
