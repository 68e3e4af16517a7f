"""`polyrank run`: the pipeline on this machine, from spans to a registered version."""

from __future__ import annotations

import json
import pathlib
import sys

import click

from cli.debug import debugging
from cli.failure import failure
from cli.terminal import silent_imports
from pipeline.config_files import load_config, preset_names, preset_path
from schemas.errors import PolyrankError


@click.command()
@click.option("--preset", type=click.Choice(preset_names()), help="A configuration that ships.")
@click.option("--config", type=click.Path(path_type=pathlib.Path), help="A YAML file.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set one key.")
@click.option("--data", help="Folder of span=YYYY-MM-DD folders, or of the adapter's files.")
@click.option("--schema", help="The tagged schema (schema.pbtxt).")
@click.option("--work-dir", default="work/run", show_default=True, help="All that runs write.")
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def run(
    preset: str | None,
    config: pathlib.Path | None,
    overrides: tuple[str, ...],
    data: str | None,
    schema: str | None,
    work_dir: str,
    as_json: bool,
) -> None:
    """Run the pipeline on this machine.

    Exit status: 0 pushed, 1 error, 2 wrong command line, 3 refused by the gate,
    4 bad data, 5 canary failed. The last line says which, and why.
    """
    source = preset_path(preset) if preset and not config else config
    if source is None or (preset and config):
        raise click.UsageError("give either --preset NAME or --config FILE")
    try:
        with silent_imports():
            settings = load_config(source, overrides, data_path=data, schema_path=schema)
            # TFX takes many seconds to import; a wrong command line is told before.
            from cli.local_run import run_locally

        result = run_locally(settings, work_dir, people_read_stderr=as_json)
    except PolyrankError as error:
        if as_json:
            # Whoever reads JSON gets it whatever happens; people get the message from main().
            click.echo(json.dumps(failure(error)))
        raise
    if result.trace and debugging():
        click.echo(result.trace, err=True)
    if as_json:
        click.echo(json.dumps(result.document()))
    sys.exit(result.outcome.value)
