"""A user's mistake ends the files that `tfx` is pointed at with one line."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("runner", ["kubeflow_runner.py", "local_runner.py"])
def test_a_config_that_cannot_be_read_is_one_line(runner, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / runner],
        cwd=ROOT,
        env={**os.environ, "POLYRANK_CONFIG": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    want = f"error: config file {tmp_path} is a folder; name the YAML file in it"
    assert done.stderr.splitlines()[-1] == want
    assert "Traceback" not in done.stderr
