"""A run holds its work folder."""

import fcntl

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from cli.runs.local import run_locally
from common.errors import PolyrankError
from common.source_digest import code_digest
from pipeline.config_files import load_config
from pipeline.presets import preset_path

AFRESH = (
    "  the source has changed since the last run in this work folder: nothing is taken from the "
    "cache\n"
)


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


def add_run(work_dir, run_id, digest):
    """Puts a run of two components into ML Metadata, one of which has no digest (Evaluator)."""
    connection = metadata.sqlite_metadata_connection_config(str(work_dir / "metadata.sqlite"))
    store = metadata_store.MetadataStore(connection)
    type_id = store.put_execution_type(mlmd.ExecutionType(name="component"))
    run = mlmd.Context(
        type_id=store.put_context_type(mlmd.ContextType(name="pipeline_run")), name=run_id
    )
    executions = [mlmd.Execution(type_id=type_id), mlmd.Execution(type_id=type_id)]
    executions[0].custom_properties["code_digest"].string_value = digest
    for execution in executions:
        store.put_execution(execution, [], [run], reuse_context_if_already_exist=True)


@pytest.mark.parametrize(
    ("digests", "said"),
    [
        ((), False),
        (("earlier",), True),
        ((code_digest(),), False),
        (("earlier", code_digest()), False),
        # Back to the source of an earlier run: the cache still has its results.
        ((code_digest(), "later"), False),
    ],
)
def test_a_run_says_that_results_of_other_source_are_not_used(
    config, tmp_path, capfd, digests, said
):
    for number, digest in enumerate(digests):
        add_run(tmp_path, f"run {number}", digest)
    run_locally(config, tmp_path)
    assert capfd.readouterr().out.startswith(AFRESH if said else "bad data: ")
