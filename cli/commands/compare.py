"""`polyrank compare`: several models on the same rows, with the same budget."""

from __future__ import annotations

import pathlib
import sys

import click

from cli.common.config_options import ConfigChoice, config_options
from cli.common.debug import debugging
from cli.common.failure import json_on_failure
from cli.common.terminal import announced_imports
from common.json_files import to_text


@click.command()
@config_options
@click.option(
    "--models", required=True, metavar="NAME,NAME,…", help="Architectures, such as mmoe,ple."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Trials a model."
)
@click.option(
    "--model-set",
    "model_overrides",
    multiple=True,
    metavar="NAME:KEY=VALUE",
    help="Set one key of one model, such as mmoe:experts=8.",
)
@click.option("--baseline", help="The model that others are compared with; else the first.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of every model.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Trials at a time; else one a processor core."
)
@click.option("--work-dir", default="work/compare", show_default=True, help="Data and features.")
@click.option(
    "--out",
    type=click.Path(path_type=pathlib.Path),
    help="Trials and tables; else WORK_DIR/comparison or /transfer.",
)
@click.option(
    "--records",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="A file of finished trials (JSON lines): they are not trained again, others are added.",
)
@click.option(
    "--transfer",
    is_flag=True,
    help="Train one model on all rows, without each scenario's and on each one's alone: who gains "
    "from whom.",
)
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def compare(
    choice: ConfigChoice,
    models: str,
    seeds: int,
    model_overrides: tuple[str, ...],
    baseline: str | None,
    epochs: int | None,
    jobs: int | None,
    work_dir: str,
    out: pathlib.Path | None,
    records: pathlib.Path | None,
    transfer: bool,
    as_json: bool,
) -> None:
    """Train several models alike and compare them.

    Features are made once. Every model trains on the same rows for the same number of epochs;
    a comparison that was stopped goes on with the trials that are not finished.

    Exit status: 0 all trials finished, 1 error or a failed trial, 2 wrong command line,
    4 bad data.
    """
    with json_on_failure(as_json):
        with announced_imports(people_read_stderr=as_json):
            config = choice.load()
            from cli.compare.compare_models import compare_models

        result = compare_models(
            config,
            [name for name in models.split(",") if name],
            seeds=seeds,
            model_overrides=model_overrides,
            baseline=baseline,
            epochs=epochs,
            jobs=jobs,
            work_dir=work_dir,
            out=out,
            records=records,
            transfer=transfer,
            people_read_stderr=as_json,
            log_everything=debugging(),
        )
    if as_json:
        click.echo(to_text(result.document))
    sys.exit(result.exit_code)
