"""`polyrank schedule`: the pipeline again and again, on Kubeflow or on this machine."""

from __future__ import annotations

import datetime
import pathlib
import re
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

import click

from cli.common.config_options import ConfigChoice, config_options
from cli.common.failure import json_on_failure
from cli.common.folder_names import check_work_folder_name
from cli.common.terminal import silent_imports
from cli.scheduling.cron import Cron
from cli.scheduling.timers import LocalSchedule
from common.atomic_files import is_remote
from common.errors import PolyrankError
from common.json_files import to_text
from common.settings import SettingsError

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig


@click.command()
@config_options
@click.option("--cron", required=True, help="[second] minute hour day month weekday.")
@click.option("--engine", type=click.Choice(["local", "kubeflow"]), default="local")
@click.option("--name", help="Of the schedule: there is one of a name.  [default: the config's]")
@click.option("--work-dir", help="As who runs it sees it. [default: work/run, or /polyrank/work]")
@click.option("--systemd", is_flag=True, help="local: a service and a timer, not a crontab line.")
@click.option("--host", help="kubeflow: its API, such as http://localhost:8888.")
@click.option("--namespace", help="kubeflow: yours, where it has many users.")
@click.option("--token-file", type=click.Path(path_type=pathlib.Path), help="kubeflow: a token.")
@click.option("--image", default="polyrank/pipeline:latest", show_default=True, help="kubeflow.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def schedule(
    choice: ConfigChoice,
    cron: str,
    engine: str,
    name: str | None,
    work_dir: str | None,
    systemd: bool,
    host: str | None,
    namespace: str | None,
    token_file: pathlib.Path | None,
    image: str,
    as_json: bool,
) -> None:
    """Run the pipeline again and again; each run's window ends with the newest span.

    On Kubeflow, a recurring run is created, or put in the place of the one of the same name; its
    times are of the scheduler's time zone. Locally, a line for crontab is printed, or systemd's
    units. No run starts before the one before it has ended.
    """
    if engine == "kubeflow" and (systemd or not host):
        raise click.UsageError("--engine kubeflow needs --host, and has no --systemd")
    if engine == "local" and (host or namespace or token_file):
        raise click.UsageError("--host, --namespace and --token-file are for --engine kubeflow")
    document: dict[str, str | list[str]]
    with json_on_failure(as_json):
        times = Cron.parse(cron)
        with silent_imports():
            config = choice.load()
            from pipeline.schema_defaults import check_names
        name = name or config.name
        _check(config, name)
        check_names(config)
        if engine == "local":
            found = _local(choice, name, times, work_dir or "work/run")
            units = {f"{name}.service": found.service, f"{name}.timer": found.timer}
            document = {**units} if systemd else {"crontab": found.crontab}
            named = [f"# {unit}\n{text}" for unit, text in units.items()]
            texts = named if systemd else [found.crontab]
        else:
            assert host is not None
            token = token_file.read_text(encoding="utf-8").strip() if token_file else None
            place = work_dir or "/polyrank/work"
            document = _on_kubeflow(config, name, times, place, image, host, namespace, token)
            texts = [f"scheduled: '{name}' at '{times.kubeflow}', version {document['version']}"]
    click.echo(to_text(document) if as_json else "\n".join(texts))


def _check(config: PipelineConfig, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,127}", name):
        raise SettingsError(
            f"--name is '{name}'; want up to 128 of a-z, 0-9 and -, not - at the start"
        )
    if config.window.end != "latest":
        raise SettingsError(
            f"'window.end' is {config.window.end}: every run would learn from the same days; "
            "give --set window.end=latest"
        )


def _local(choice: ConfigChoice, name: str, cron: Cron, work_dir: str) -> LocalSchedule:
    folder = str(pathlib.Path(sys.executable).parent)
    program = shutil.which("polyrank", path=folder)
    if program is None:
        raise PolyrankError(f"{folder} has no command 'polyrank': install the package there")
    check_work_folder_name(work_dir)
    place = str(pathlib.Path(work_dir).absolute())
    command = [program, "run", *choice.arguments(), "--work-dir", place]
    return LocalSchedule(name, cron, command, str(pathlib.Path.cwd()))


def _on_kubeflow(
    config: PipelineConfig,
    name: str,
    cron: Cron,
    work_dir: str,
    image: str,
    host: str,
    namespace: str | None,
    token: str | None,
) -> dict[str, str | list[str]]:
    if not host.startswith(("http://", "https://")):
        raise SettingsError(f"--host is '{host}'; want a URL, such as http://localhost:8888")
    if not work_dir.startswith("/") and not is_remote(work_dir):
        raise SettingsError(
            f"--work-dir is '{work_dir}'; want an absolute path or a URL, as the cluster sees it"
        )
    if config.data.path is None:
        raise SettingsError("'data.path' is missing: the folder of spans as the cluster sees it")
    with silent_imports():
        from pipeline.kubeflow.recurring_run import Kubeflow, RecurringRun

        kubeflow = Kubeflow(host, namespace, token)
        # TFX takes many seconds to import; that a host does not answer is said before.
        from pipeline.kubeflow.spec import kubeflow_pipeline, write_spec
        from pipeline.run_parameters import cluster_values
        from pipeline.state import scheduled_state

        now = datetime.datetime.now(datetime.timezone.utc)
        with tempfile.TemporaryDirectory() as folder:
            spec = pathlib.Path(folder) / "pipeline.yaml"
            write_spec(kubeflow_pipeline(config, work_dir, scheduled_state()), image, spec)
            version = f"{config.name}-{now:%Y%m%dT%H%M%S.%f}"
            run = RecurringRun(
                name, cron.kubeflow, config.name, version, spec, cluster_values(config)
            )
            done = kubeflow.schedule(run)
    return {
        "recurring_run": done.recurring_run_id,
        "pipeline": done.pipeline_id,
        "version": done.version_id,
        "replaced": list(done.replaced),
    }
