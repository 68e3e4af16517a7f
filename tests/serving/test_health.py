import subprocess
import sys

import pytest
from click.testing import CliRunner

from serving.client import Client
from serving.errors import ServingError
from serving.health import main
from serving.server import ModelServer


def test_a_server_with_an_available_version_is_healthy_without_tensorflow(served):
    program = (
        "import sys; from serving.health import main; main(standalone_mode=False);"
        "sys.exit('tensorflow.python' in sys.modules)"
    )
    command = [sys.executable, "-c", program, "--target", served.target, "--model-name", "cities"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "version 7 is AVAILABLE\n"), done.stderr


def test_another_model_and_a_silent_port_are_not(served):
    for target, name, said in (
        (served.target, "towns", "NOT_FOUND"),
        ("localhost:1", "cities", "UNAVAILABLE"),
    ):
        done = CliRunner().invoke(main, ["--target", target, "--model-name", name])
        assert done.exit_code == 1 and f"{target}: {said}" in done.output


def test_a_version_that_cannot_be_loaded_is_not(tmp_path):
    folder = tmp_path / "cities" / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"no graph")
    with ModelServer("cities", tmp_path / "cities") as server:
        with Client(server.target, "cities") as client, pytest.raises(ServingError):
            client.wait_until_available()
        options = ["--target", server.target, "--model-name", "cities"]
        done = CliRunner().invoke(main, options)
    assert done.exit_code == 1 and "no version of 'cities' is available" in done.output
