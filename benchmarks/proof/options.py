"""The options that all claims have."""

from __future__ import annotations

import argparse
import pathlib

from benchmarks.proof.worlds import CLAIM_SEEDS


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows a module's docstring as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Adds the options, and parses the command line."""
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("work/proof"), help="rows and results"
    )
    parser.add_argument("--rows", type=int, default=200_000, help="train and validation rows")
    parser.add_argument("--seeds", type=int, default=5, help="how many of the claims' seeds")
    parser.add_argument("--skip", type=int, default=0, help="how many of them to leave out before")
    parser.add_argument("--jobs", type=int, help="trainings at a time; one a core without it")
    parser.add_argument("--models", nargs="*", help="variants; all without it")
    parser.add_argument("--code", help="keep results of other source: a name for them")
    return parser.parse_args()


def claim_seeds(given: argparse.Namespace) -> tuple[int, ...]:
    """Returns the seeds that `--seeds` and `--skip` ask for."""
    return CLAIM_SEEDS[given.skip : given.skip + given.seeds]
