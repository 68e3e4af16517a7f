"""A run holds its work folder."""

import fcntl

import pytest

from cli.runs.local import run_locally
from common.errors import PolyrankError
from pipeline.config_files import load_config
from pipeline.presets import preset_path


@pytest.fixture
def config():
    return load_config(preset_path("synthetic"), ["data.adapter=null", "data.path=/nowhere"])


def test_a_second_run_in_the_same_work_folder_is_refused(config, tmp_path):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PolyrankError, match="another run is using .*--work-dir"):
            run_locally(config, tmp_path)
    # No folder of a run that never ended.
    assert not (tmp_path / "runs").exists()


def test_a_failure_before_the_first_component_is_bad_data(config, tmp_path, capfd):
    result = run_locally(config, tmp_path)
    assert (result.outcome.status, result.components) == ("bad data", ())
    assert result.reason == "the data folder /nowhere does not exist"
    assert capfd.readouterr().out.startswith("bad data: the data folder /nowhere does not exist")
    assert "Traceback" in (result.run_directory / "run.log").read_text()
    assert (result.run_directory / "result.json").is_file()
