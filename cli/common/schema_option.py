"""The option that names a tagged schema."""

from __future__ import annotations

import pathlib

import click

schema_option = click.option(
    "--schema",
    "schema_path",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="The tagged schema (schema.pbtxt).",
)
