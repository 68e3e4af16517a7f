"""`--debug`: the stack trace of a run that failed, and none without it."""

import pytest
from click.testing import CliRunner

from cli.commands.run import run
from cli.common.debug import Debug


@pytest.mark.parametrize("debug", [False, True])
def test_only_debug_shows_the_stack_trace(tmp_path, debug):
    (tmp_path / "log").mkdir()
    schema = "data: {path: log, schema_path: schema.pbtxt}\nmodel: {name: shared_bottom}\n"
    (tmp_path / "my.yaml").write_text(schema)
    command = ["--config", str(tmp_path / "my.yaml"), "--work-dir", str(tmp_path / "work")]
    result = CliRunner().invoke(run, command, obj=Debug(debug))
    assert result.exit_code == 1
    assert ("Traceback" in result.stderr) is debug
    assert ("ContractError" in result.stderr) is debug
