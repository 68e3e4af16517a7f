"""`polyrank schedule`: what Kubeflow gets, what is printed, what is refused."""

import json
import pathlib
import sys

import pytest
import yaml
from click.testing import CliRunner
from kubeflow_server import KubeflowServer
from tfx.types import standard_artifacts  # noqa: F401  the registry of artifact types

from cli.commands.schedule import schedule
from common.errors import PolyrankError
from common.settings import SettingsError
from components.common import artifacts
from components.span_window import window
from components.span_window.executor import Executor

PLACEHOLDER = "{{$.pipeline_job_uuid}}"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "my.yaml"
    contract = pathlib.Path("schemas/synthetic/schema.pbtxt").absolute()
    values = {
        "name": "shop",
        "data": {"path": str(tmp_path / "log"), "schema_path": str(contract)},
        "window": {"train_spans": 2, "eval_spans": 1},
        "model": {"name": "shared_bottom"},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def invoke(*words):
    return CliRunner().invoke(schedule, [str(word) for word in words])


def refusal(*words):
    return str(invoke(*words).exception)


def constants(task):
    values = {
        name: value["runtimeValue"]["constant"]
        for name, value in task["inputs"].get("parameters", {}).items()
        if "runtimeValue" in value
    }
    return {key: int(x) if isinstance(x, float) else x for key, x in values.items()}


@pytest.fixture
def scheduled(config):
    """The pipeline and the parameters of its runs that Kubeflow holds after the command."""
    server = KubeflowServer()
    try:
        words = ("--config", config, "--cron", "0 3 * * *", "--engine", "kubeflow", "--json")
        done = invoke(*words, "--host", server.url, "--work-dir", "gs://bucket/work")
        assert done.exit_code == 0, done.output
        document = json.loads(done.output)
        (run,) = server.recurring_runs.values()
        assert run["display_name"] == "shop"
        assert run["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
        assert run["pipeline_version_reference"]["pipeline_version_id"] == document["version"]
        spec = yaml.safe_load(server.uploads[document["version"]])
        return spec, run["runtime_config"]["parameters"]
    finally:
        server.close()


def test_every_scheduled_run_has_its_own_tokens_and_window(scheduled, tmp_path):
    spec, passed = scheduled
    assert set(passed) == set(spec["root"]["inputDefinitions"]["parameters"])
    assert (passed["data-path"], passed["window-end"]) == (str(tmp_path / "log"), "latest")
    assert json.loads(passed["model"])["name"] == "shared_bottom"
    tasks = spec["root"]["dag"]["tasks"]
    tokens = {
        (name, key): value
        for name, task in tasks.items()
        for key, value in constants(task).items()
        if key in ("state_token", "run_fingerprint")
    }
    # The whole constant is the placeholder: Kubeflow replaces nothing within a text.
    assert set(tokens.values()) == {PLACEHOLDER}
    assert {name for name, _ in tokens} == {
        "SpanWindow",
        "ImpressionExampleGen",
        "Baseline",
        "ModelCanary",
        "RegisterPushed",
    }

    window_task = tasks["SpanWindow"]
    properties = {
        **constants(window_task),
        **{
            name: passed[value["componentInputParameter"]]
            for name, value in window_task["inputs"]["parameters"].items()
            if "componentInputParameter" in value
        },
    }
    seen = []
    for day in (1, 2, 3, 4):
        (tmp_path / "log" / f"span=2026-01-0{day}").mkdir(parents=True)
        if day >= 3:
            artifact = artifacts.SpanWindow()
            artifact.uri = str(tmp_path / f"window-{day}")
            pathlib.Path(artifact.uri).mkdir()
            run = {**properties, "state_token": f"run-{day}"}
            Executor().Do({}, {"window": [artifact]}, run)
            seen.append(window.read(artifact.uri).dates)
    assert seen == [
        ("2026-01-01", "2026-01-02", "2026-01-03"),
        ("2026-01-02", "2026-01-03", "2026-01-04"),
    ]
    with pytest.raises(SettingsError, match=r"pipeline_job_uuid.*2\.4 and newer do"):
        Executor().Do({}, {"window": [artifact]}, properties)


def test_a_crontab_line_has_absolute_paths_only(config, tmp_path, monkeypatch):
    root = pathlib.Path.cwd()
    monkeypatch.chdir(tmp_path)
    done = invoke(
        *("--config", "my.yaml", "--set", "model.wide=true", "--data", "log"),
        *("--cron", "0 0 3 * * *", "--work-dir", "work"),
    )
    assert done.exit_code == 0, done.output
    program = pathlib.Path(sys.executable).parent / "polyrank"
    assert program.is_file() and root != tmp_path
    assert done.output == (
        f"0 3 * * * cd {tmp_path} && {program} run --config {config} --set model.wide=true "
        f"--data {tmp_path}/log --work-dir {tmp_path}/work\n"
    )


def test_systemd_gets_two_units(config):
    words = ("--config", config, "--cron", "0 3 * * *", "--systemd", "--name", "daily")
    printed = invoke(*words).output
    assert printed.startswith("# daily.service\n[Unit]\n")
    assert "\n# daily.timer\n[Unit]\n" in printed
    document = json.loads(invoke(*words, "--json").output)
    assert "OnCalendar=*-*-* 03:00:00\n" in document["daily.timer"]
    assert f" run --config {config} --work-dir " in document["daily.service"]


def test_mistakes(config):
    asked = ("--config", config, "--cron", "0 3 * * *")
    on_kubeflow = (*asked, "--engine", "kubeflow", "--host")
    assert refusal("--config", config, "--cron", "0 24 * * *").startswith(
        "--cron '0 24 * * *': field 'hour' has '24'; want 0 to 23"
    )
    assert refusal(*asked, "--name", "My_Run") == (
        "--name is 'My_Run'; want up to 128 of a-z, 0-9 and -, not - at the start"
    )
    assert "'name' is 'My_Shop'" in refusal(*asked, "--set", "name=My_Shop")
    assert refusal(*asked, "--set", "window.end=2026-01-03").startswith(
        "'window.end' is 2026-01-03: every run would learn from the same days"
    )
    assert refusal(*on_kubeflow, "localhost:8888").startswith("--host is 'localhost:8888'; want")
    found = invoke(*on_kubeflow, "http://127.0.0.1:9")
    assert isinstance(found.exception, PolyrankError)
    assert "--host http://127.0.0.1:9 can't be reached" in str(found.exception)
    assert "--work-dir is 'work'; want an absolute path or a URL" in refusal(
        *on_kubeflow, "http://127.0.0.1:9", "--work-dir", "work"
    )
    assert "needs --host" in invoke(*asked, "--engine", "kubeflow").output
    assert "are for --engine kubeflow" in invoke(*asked, "--host", "http://x").output
    assert "--preset NAME or --config FILE" in invoke("--cron", "0 3 * * *").output
