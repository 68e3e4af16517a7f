"""The options that all claims have."""

from __future__ import annotations

import argparse
import pathlib
import time
from typing import Any

from benchmarks.proof.worlds.kinds import CLAIM_SEEDS


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows a module's docstring as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_options(parser: argparse.ArgumentParser, **defaults: Any) -> argparse.Namespace:
    """Adds the options, and parses the command line.

    Args:
      parser: with the options of one claim alone.
      defaults: of options, where a claim has others than all claims have.
    """
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("work/proof"), help="rows and results"
    )
    parser.add_argument("--rows", type=int, default=200_000, help="train and validation rows")
    parser.add_argument("--seeds", type=int, default=5, help="how many of the claims' seeds")
    parser.add_argument("--skip", type=int, default=0, help="how many of them to leave out before")
    parser.add_argument("--jobs", type=int, help="trainings at a time; one a core without it")
    parser.add_argument("--models", nargs="*", help="variants; all without it")
    parser.add_argument("--code", help="keep results of other source: a name for them")
    parser.add_argument(
        "--records",
        choices=("use", "add", "ignore", "any"),
        default="use",
        help="take finished trainings from benchmarks/proof/records, or add to them too; any: "
        "take them whatever code they were trained with, and train nothing",
    )
    parser.add_argument(
        "--budget-minutes",
        type=float,
        help="start no training that would not end in time; worlds come one after the other",
    )
    parser.set_defaults(**defaults)
    given = parser.parse_args()
    given.started = time.monotonic()
    return given


def claim_seeds(given: argparse.Namespace) -> tuple[int, ...]:
    """Returns the seeds that `--seeds` and `--skip` ask for."""
    return CLAIM_SEEDS[given.skip : given.skip + given.seeds]
