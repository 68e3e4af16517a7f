"""The `polyrank` command: its sub-commands are imported only when they are called."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

from cli.debug import Debug
from cli.terminal import silent_imports
from pipeline.outcome import Outcome
from schemas.errors import PolyrankError

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_COMMANDS = {
    "data": ("cli.data", "data", "Make spans of logged impressions."),
    "schema": ("cli.schema", "schema", "Propose a tagged schema; hold data against one."),
    "run": ("cli.run", "run", "Run the pipeline on this machine."),
    "schedule": ("cli.schedule", "schedule", "Run it again and again: Kubeflow, cron, systemd."),
    "compare": ("cli.compare", "compare", "Train several models alike and compare them."),
    "runs": ("cli.runs", "runs", "List the runs and the pushed versions of a work folder."),
    "rollback": ("cli.rollback", "rollback", "Make an older pushed version live again."),
    "serve": ("cli.serve", "serve", "Serve the pushed model over gRPC."),
    "predict": ("cli.predict", "predict", "Ask a served model for scores."),
}


class _LazyGroup(click.Group):
    """Knows its commands by name, so that `--help` does not import TensorFlow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[name]
        with silent_imports():
            command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, _, help_) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show stack traces.")
@click.version_option(package_name="polyrank")
def polyrank(debug: bool) -> None:
    """Train, prove and serve ranking models of many scenarios and many tasks."""
    del debug  # main() has taken it off the command line; it is an option for the help text.


def main() -> None:
    """Runs the command; a user's mistake is shown as one message, without a stack trace.

    `--debug` may stand anywhere, since that is where people add it.
    """
    debug = "--debug" in sys.argv
    try:
        words = [word for word in sys.argv[1:] if word != "--debug"]
        polyrank(words, prog_name="polyrank", obj=Debug(debug))
    except (PolyrankError, OSError) as error:
        if debug:
            traceback.print_exc()
        outcome = Outcome.of(error)
        click.echo(f"{outcome.status}: {error}", err=True)
        sys.exit(outcome.value)


if __name__ == "__main__":
    main()
