"""The options that choose a configuration, for every command that runs one."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from common.atomic_files import is_remote
from pipeline.presets import preset_names, preset_path

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig


@dataclasses.dataclass(frozen=True)
class ConfigChoice:
    """What the command line said: exactly one of `preset` and `config` is given."""

    preset: str | None
    config: pathlib.Path | None
    overrides: tuple[str, ...]
    data: str | None
    schema: str | None

    def load(self) -> PipelineConfig:
        """Reads it.

        Raises:
          SettingsError: the file or a value can't be used.
        """
        # It imports the models, and so TensorFlow; a wrong command line is refused before.
        from pipeline.config_files import load_config

        source = self.config or preset_path(self.preset or "")
        return load_config(source, self.overrides, data_path=self.data, schema_path=self.schema)

    def arguments(self) -> list[str]:
        """The same choice as words of a command line, its files by absolute paths."""
        words = ["--preset", self.preset] if self.preset else []
        words += ["--config", _absolute(self.config)] if self.config else []
        for override in self.overrides:
            words += ["--set", override]
        words += ["--data", _absolute(self.data)] if self.data else []
        words += ["--schema", _absolute(self.schema)] if self.schema else []
        return words


def _absolute(path: str | pathlib.Path) -> str:
    return str(path) if is_remote(path) else str(pathlib.Path(path).absolute())


_OPTIONS = (
    click.option("--preset", type=click.Choice(preset_names()), help="A configuration that ships."),
    click.option("--config", type=click.Path(path_type=pathlib.Path), help="A YAML file."),
    click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set one key."),
    click.option("--data", help="Folder of span=YYYY-MM-DD folders, or of the adapter's files."),
    click.option("--schema", help="The tagged schema (schema.pbtxt)."),
)


def config_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options; the function gets them as one argument, `choice`."""

    @functools.wraps(command)
    def with_choice(
        preset: str | None,
        config: pathlib.Path | None,
        overrides: tuple[str, ...],
        data: str | None,
        schema: str | None,
        **others: Any,
    ) -> None:
        if (preset is None) == (config is None):
            raise click.UsageError("give either --preset NAME or --config FILE")
        command(choice=ConfigChoice(preset, config, overrides, data, schema), **others)

    wrapped = with_choice
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
