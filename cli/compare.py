"""`polyrank compare`: several models on the same rows, with the same budget."""

from __future__ import annotations

import json
import pathlib
import sys

import click

from cli.failure import failure
from cli.terminal import silent_imports
from pipeline.config_files import load_config, preset_names, preset_path
from schemas.errors import PolyrankError


@click.command()
@click.option(
    "--models", required=True, metavar="NAME,NAME,…", help="Architectures, such as mmoe,ple."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Trials a model."
)
@click.option("--preset", type=click.Choice(preset_names()), help="A configuration that ships.")
@click.option("--config", type=click.Path(path_type=pathlib.Path), help="A YAML file.")
@click.option("--data", help="Folder of span=YYYY-MM-DD folders, or of the adapter's files.")
@click.option("--schema", help="The tagged schema (schema.pbtxt).")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set one key.")
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
    help="Trials and tables; else WORK_DIR/comparison.",
)
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def compare(
    models: str,
    seeds: int,
    preset: str | None,
    config: pathlib.Path | None,
    data: str | None,
    schema: str | None,
    overrides: tuple[str, ...],
    model_overrides: tuple[str, ...],
    baseline: str | None,
    epochs: int | None,
    jobs: int | None,
    work_dir: str,
    out: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Train several models alike and compare them.

    Features are made once. Every model trains on the same rows for the same number of epochs;
    a comparison that was stopped goes on with the trials that are not finished.

    Exit status: 0 all trials finished, 1 error or a failed trial, 2 wrong command line,
    4 bad data.
    """
    source = preset_path(preset) if preset and not config else config
    if source is None or (preset and config):
        raise click.UsageError("give either --preset NAME or --config FILE")
    try:
        with silent_imports():
            from cli.comparison import make_comparison

            comparison = make_comparison(
                load_config(source, overrides, data_path=data, schema_path=schema),
                [name for name in models.split(",") if name],
                model_overrides,
                seeds,
                baseline,
                epochs,
            )
            from cli.compare_run import compare_locally
            from cli.compare_trials import cores

        result = compare_locally(
            comparison,
            work_dir,
            out or pathlib.Path(work_dir) / "comparison",
            min(jobs or cores(), len(comparison.trials)),
            people_read_stderr=as_json,
        )
    except PolyrankError as error:
        if as_json:
            # Whoever reads JSON gets it whatever happens; people get the message from main().
            click.echo(json.dumps(failure(error)))
        raise
    if as_json:
        click.echo(json.dumps(result.document))
    sys.exit(result.exit_code)
