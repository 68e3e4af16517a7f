"""`polyrank run`: the pipeline on this machine, from spans to a registered version."""

from __future__ import annotations

import sys

import click

from cli.common.config_options import ConfigChoice, config_options
from cli.common.debug import debugging
from cli.common.failure import json_on_failure
from cli.common.terminal import announced_imports
from cli.common.work_folder import check_free
from common.json_files import to_text


@click.command()
@config_options
@click.option("--work-dir", default="work/run", show_default=True, help="All that runs write.")
@click.option("--verbose", is_flag=True, help="Show every output x scenario, not only what counts.")
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def run(choice: ConfigChoice, work_dir: str, verbose: bool, as_json: bool) -> None:
    """Run the pipeline on this machine.

    Exit status: 0 pushed, 1 error, 2 wrong command line, 3 refused by the gate,
    4 bad data, 5 canary failed, 6 refused by the registry. The last line says which, and why.
    """
    with json_on_failure(as_json):
        check_free(work_dir)
        with announced_imports(people_read_stderr=as_json):
            settings = choice.load()
            # TFX takes many seconds to import; a wrong command line is refused before.
            from cli.runs.local import run_locally

        result = run_locally(
            settings,
            work_dir,
            people_read_stderr=as_json,
            verbose=verbose,
            log_everything=debugging(),
        )
    if result.trace and debugging():
        click.echo(result.trace, err=True)
    if as_json:
        click.echo(to_text(result.document()))
    sys.exit(result.outcome.value)
