"""What can't be read as a configuration ends a command with one line, or JSON for machines."""

import json

import pytest
from click.testing import CliRunner

from cli.commands.compare import compare
from cli.commands.run import run
from cli.commands.schedule import schedule
from common.settings import SettingsError

COMMANDS = {
    "run": (run, ()),
    "compare": (compare, ("--models", "mmoe,ple")),
    "schedule": (schedule, ("--cron", "0 3 * * *")),
}
CONFIG = """\
data: {schema_path: schema.pbtxt, adapter: synthetic}
model: {name: mmoe}
"""
SCHEMA = """\
feature {
  name: "i" type: BYTES annotation { tag: "id" }
}
feature {
  name: "y" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:y" }
}
"""


def files(folder, config=b"", schema=SCHEMA):
    (folder / "my.yaml").write_bytes(CONFIG.encode() + config)
    (folder / "schema.pbtxt").write_text(schema)
    return folder / "my.yaml"


@pytest.fixture(params=COMMANDS)
def refusal(request, tmp_path):
    """Calls the command with a configuration that it refuses; its reason, by JSON."""
    command, options = COMMANDS[request.param]
    work = tmp_path / "work"

    def called(config, *more):
        words = ("--config", str(config), *options, "--work-dir", str(work), *more)
        result = CliRunner().invoke(command, [*words, "--json"])
        if result.exit_code == 1 and result.exception.__class__ is SystemExit:
            document = json.loads(result.stdout.splitlines()[-1])
        else:
            assert isinstance(result.exception, SettingsError)
            document = json.loads(result.stdout)
            assert document["reason"] == str(result.exception)
        assert (document["status"], document["exit_code"]) == ("error", 1)
        assert not list(work.glob("data/*")), "spans were made"
        return document["reason"]

    return called


def test_a_folder_a_missing_file_and_another_encoding(refusal, tmp_path):
    assert refusal(tmp_path) == f"config file {tmp_path} is a folder; name the YAML file in it"
    path = tmp_path / "none.yaml"
    assert refusal(path) == f"config file {path} does not exist"
    path = files(tmp_path, b"# caf\xe9\n")
    assert refusal(path) == (
        f"config file {path}, line 3: the byte 0xe9 at offset 79 is not UTF-8; save the file as "
        "UTF-8"
    )
    path.write_text(CONFIG, encoding="utf-16")
    assert refusal(path) == f"config file {path} is in UTF-16 or UTF-32; save it as UTF-8"


def test_a_key_that_is_set_twice(refusal, tmp_path):
    path = files(tmp_path, b"model: {name: ple}\n")
    assert refusal(path) == (
        f"{path}, line 3, column 1: 'model' is set twice, first on line 2, column 1; keep one of "
        "the two"
    )


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        (
            "training.loss_weights={yy: 2}",
            "training.loss_weights: 'yy' is no such output; did you mean 'y'?",
        ),
        (
            "training.loss_weights={y: 0}",
            "training.loss_weights: every output's weight is 0 (y): nothing would be learned; give "
            "at least one a weight above 0",
        ),
        (
            "gate.must_have_data=[yy]",
            "gate.must_have_data: 'yy': unknown output 'yy'; did you mean 'y'?",
        ),
        (
            "gate.overrides={y/home: {}}",
            "gate.overrides: 'y/home': unknown scenario 'home'; known: *",
        ),
    ],
    ids=["weight", "zero", "must-have", "scenario"],
)
def test_names_of_outputs_are_checked_before_any_data_is_made(refusal, tmp_path, override, reason):
    assert refusal(files(tmp_path), "--set", override) == reason
