"""A schema proposed from a log, and the file that it is written to."""

from __future__ import annotations

import pathlib

from common.errors import PolyrankError
from data.inference.guesses import guess
from data.inference.proposal import Proposal, propose
from data.inference.sample import read_sample


def propose_schema(
    data: pathlib.Path, out: pathlib.Path | None = None, overwrite: bool = False
) -> Proposal:
    """Proposes a tagged schema for a log, and writes it where `out` is given.

    Args:
      data: a folder of Parquet, CSV or TFRecord files, or one file.
      out: the file to write; None writes nothing.
      overwrite: replace `out` if it exists.

    Raises:
      BadDataError: the log can't be read, or no column fits a role that every schema has.
      PolyrankError: `out` exists.
    """
    if out is not None and out.exists() and not overwrite:
        raise PolyrankError(f"{out} exists already; write another file, or overwrite it")
    sample = read_sample(data)
    proposal = propose(sample, guess(sample))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_name(f".{out.name}.unfinished")
        unfinished.write_text(proposal.text, encoding="utf-8")
        unfinished.replace(out)
    return proposal
