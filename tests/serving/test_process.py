import os
import subprocess
import sys
import time

import pytest
from city_model import push

from common.errors import PolyrankError
from serving.client import Client
from serving.errors import ServingError
from serving.process import ServerProcess


@pytest.mark.e2e
def test_a_server_process_serves_stops_and_frees_its_port(saved_model, tmp_path, monkeypatch):
    # Modules of the folder that it is started in are not taken for ours.
    (tmp_path / "here").mkdir()
    for name in ("serving", "models", "common"):
        (tmp_path / "here" / f"{name}.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.chdir(tmp_path / "here")
    base_path = tmp_path / "cities"
    base_path.mkdir()
    push(saved_model, base_path, 3)
    log = tmp_path / "logs" / "server.log"
    with ServerProcess("cities", base_path, log) as server:
        with server.client() as client:
            assert client.predict({"city": ["osaka"], "age": [2.0]})["logit"].tolist() == [6.0]
        pid = server.pid
        target = server.target
    assert "version 3 of cities is available" in log.read_text()
    assert log.read_text().rstrip().endswith("version 3 of cities is unloaded")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert target.startswith("127.0.0.1:")


@pytest.mark.e2e
def test_whoever_reads_the_port_is_answered(saved_model, tmp_path):
    push(saved_model, tmp_path / "cities", 3)
    words = ("--model-name", "cities", "--model-base-path", str(tmp_path / "cities"))
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "serving.server", "--port", "0", "--port-file", str(port_file)]
    with (tmp_path / "log").open("w") as log:
        child = subprocess.Popen([*command, *words], stdout=log, stderr=log)
    try:
        while not port_file.exists():
            assert child.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.01)
        with Client(f"127.0.0.1:{int(port_file.read_text())}", "cities") as client:
            # Asked once, without waiting for the model.
            assert client.predict({"city": ["osaka"], "age": [2.0]})["logit"].tolist() == [6.0]
    finally:
        child.terminate()
        child.wait(60)


@pytest.mark.parametrize(("setting", "is_on"), [(None, False), ("1", True)])
def test_a_server_leaves_onednn_off_unless_it_is_set(setting, is_on):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    if setting:
        environment["TF_ENABLE_ONEDNN_OPTS"] = setting
    command = [sys.executable, "-m", "serving.server", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # TensorFlow says it while it is imported.
    assert ("oneDNN custom operations are on" in done.stderr) is is_on


@pytest.mark.e2e
def test_a_model_that_cannot_be_served_is_said_at_once(tmp_path):
    folder = tmp_path / "cities" / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"no graph")
    server = ServerProcess("cities", tmp_path / "cities", tmp_path / "server.log")
    with pytest.raises(ServingError, match="version 1 .* can't be served: .*loader"):
        server.start()
    assert server.pid is None


@pytest.mark.e2e
def test_the_server_ends_with_its_parents_end_of_the_pipe(tmp_path):
    command = [sys.executable, "-m", "serving.server", "--port", "0", "--until-eof"]
    command += ["--model-name", "cities", "--model-base-path", str(tmp_path)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("stopping")


def test_the_last_lines_of_a_child_that_died_are_shown(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho out of memory\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    server = ServerProcess("cities", tmp_path, tmp_path / "server.log")
    with pytest.raises(PolyrankError, match=r"(?s)ended with code 3; .*server.log:\nout of memory"):
        server.start()


def test_a_child_that_never_listens_is_ended(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho starting\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    server = ServerProcess("cities", tmp_path, tmp_path / "server.log", timeout=0.3)
    with pytest.raises(PolyrankError, match=r"did not listen within 0.3 s"):
        server.start()
    assert server.pid is None
