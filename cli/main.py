"""The `polyrank` command: its sub-commands are imported only when they are called."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

from cli.common.debug import Debug
from cli.common.terminal import silent_imports
from common.errors import PolyrankError
from pipeline.outcome import Outcome

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_COMMANDS = {
    "data": "Make spans of logged impressions.",
    "schema": "Propose a tagged schema; hold data against one.",
    "run": "Run the pipeline on this machine.",
    "schedule": "Run it again and again: Kubeflow, cron, systemd.",
    "compare": "Train several models alike and compare them.",
    "runs": "List the runs and the pushed versions of a work folder.",
    "rollback": "Make an older pushed version live again.",
    "prune": "Remove what old runs and versions left on disk.",
    "serve": "Serve the pushed model over gRPC.",
    "predict": "Query a served model for scores.",
}
"""What `--help` says; the command `x` is the function `x` of `cli.commands.x`."""


class _LazyGroup(click.Group):
    """Knows its commands by name, so that `--help` does not import TensorFlow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        with silent_imports():
            command = getattr(importlib.import_module(f"cli.commands.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show stack traces; log all that libraries say.")
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
