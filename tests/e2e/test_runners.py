"""The same DAG by the `tfx` command, and compiled for Kubeflow."""

import json

import pytest
import yaml

pytestmark = pytest.mark.e2e


def test_the_tfx_command_creates_and_runs_the_pipeline(workspace, third, tmp_path):
    config = yaml.safe_load(workspace.config.read_text())
    config["window"]["end"] = "2026-01-05"
    config["data"]["path"] = str(workspace.log)
    path = tmp_path / "same.yaml"
    path.write_text(yaml.safe_dump(config))
    env = {
        "POLYRANK_CONFIG": str(path),
        "POLYRANK_WORK_DIR": str(workspace.work_dir),
        "LOCAL_HOME": str(tmp_path / "home"),
    }
    versions = sorted((workspace.work_dir / "serving" / "small").iterdir())
    runner = str(workspace.root / "local_runner.py")
    for arguments in (
        ("pipeline", "create", "--engine=local", f"--pipeline_path={runner}"),
        ("run", "create", "--engine=local", "--pipeline_name=small"),
    ):
        done = workspace.command("tfx", *arguments, env=env)
        assert done.exit_code == 0, done.stdout + done.stderr
    # It is the run that `polyrank run` did: all cached, nothing pushed anew.
    from pipeline.run_record import RunRecord

    record = RunRecord(workspace.metadata)
    components = record.components(record.run_ids()[-1])
    assert {component.name for component in components} == set(third.outcomes)
    assert {component.outcome for component in components} == {"cached"}
    assert sorted((workspace.work_dir / "serving" / "small").iterdir()) == versions


def test_the_same_dag_compiles_for_kubeflow_without_a_resolver(workspace, first, tmp_path):
    spec_path = tmp_path / "polyrank.yaml"
    done = workspace.command(
        "tfx",
        "pipeline",
        "compile",
        "--engine=vertex",
        f"--pipeline_path={workspace.root / 'kubeflow_runner.py'}",
        env={"POLYRANK_CONFIG": str(workspace.config), "POLYRANK_SPEC": str(spec_path)},
    )
    assert done.exit_code == 0, done.stdout + done.stderr
    spec = yaml.safe_load(spec_path.read_text())
    assert set(spec["root"]["dag"]["tasks"]) == set(first.outcomes)
    assert "resolver" not in json.dumps(spec).lower()
    passed = json.loads(spec_path.with_suffix(".parameters.json").read_text())
    parameters = set(spec["root"]["inputDefinitions"]["parameters"])
    assert parameters == {"state-token", *passed}


@pytest.mark.slow
def test_the_engine_that_tfx_has_broken_fails_in_tfx_itself(workspace):
    """Before it looks at our file: nothing of ours can say a better word than the README."""
    runner = f"--pipeline_path={workspace.root / 'kubeflow_runner.py'}"
    done = workspace.command("tfx", "pipeline", "compile", "--engine=kubeflow", runner)
    assert done.exit_code != 0
    assert "kubeflow_dag_runner" in done.stderr
