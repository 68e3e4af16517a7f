"""How the `polyrank` command ends that an error stopped."""

import json
import pathlib
import sys

import pytest

import schemas
from cli.common.failure import failure
from cli.main import main
from common.errors import BadDataError
from common.settings import SettingsError

SCHEMA = pathlib.Path(schemas.__file__).parent / "synthetic" / "schema.pbtxt"


def _ended(monkeypatch, capfd, *words):
    """Exit status and stderr of a command."""
    monkeypatch.setattr(sys, "argv", ["polyrank", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capfd.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("schema", "infer", "--data", "none"),
        ("schema", "check", "--schema", SCHEMA, "--data", "none"),
        ("data", "spans", "--schema", SCHEMA, "--out", "out", "--source", "none"),
        ("predict", "--target", "localhost:1", "--parquet", "none"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_bad_data_ends_every_command_with_4(monkeypatch, capfd, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    code, told = _ended(monkeypatch, capfd, *words)
    assert code == 4
    assert told.startswith("bad data: ") and "none does not exist" in told
    assert len(told.splitlines()) == 1


def test_another_mistake_ends_a_command_with_1(monkeypatch, capfd, tmp_path):
    command = ("schema", "check", "--data", tmp_path, "--schema", tmp_path / "none.pbtxt")
    code, told = _ended(monkeypatch, capfd, *command)
    assert code == 1
    assert told.startswith("error: ") and "none.pbtxt does not exist" in told


def test_machines_are_told_the_same():
    bad = failure(BadDataError("no span"))
    assert json.dumps(bad) == '{"status": "bad data", "exit_code": 4, "reason": "no span"}'
    wrong = failure(SettingsError("no key"))
    assert wrong == {"status": "error", "exit_code": 1, "reason": "no key"}
