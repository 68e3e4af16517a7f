"""A schema proposed from a log, the file that it is written to, and what to do next."""

from __future__ import annotations

import pathlib

from common.atomic_files import write_whole
from common.errors import PolyrankError
from data.inference.choices import Choices
from data.inference.guesser import guess
from data.inference.proposal import Proposal, propose
from data.inference.sampling.sample import read_sample
from data.log.files import left_out_lines
from data.log.reading_notes import note_lines


def propose_schema(
    data: pathlib.Path,
    out: pathlib.Path | None = None,
    overwrite: bool = False,
    choices: Choices | None = None,
) -> tuple[Proposal, list[str]]:
    """Proposes a tagged schema for a log, and writes it where `out` is given.

    Args:
      data: a folder of Parquet, CSV or TFRecord files, or one file.
      out: the file to write; None writes nothing.
      overwrite: replace `out` if it exists.
      choices: the columns of roles that are not to be guessed.

    Returns:
      The proposal, and lines that name the files of `data` that were not read, or not
      as their names say.

    Raises:
      ChoiceError: a choice names no column, or one column for two roles.
      BadDataError: the log can't be read, or no column fits a role that was not chosen.
      PolyrankError: `out` exists.
    """
    choices = choices or Choices()
    choices.check()
    if out is not None and out.exists() and not overwrite:
        raise PolyrankError(f"{out} exists already; write another file, or overwrite it")
    sample = read_sample(data)
    proposal = propose(sample, guess(sample, choices))
    if out is not None:
        write_whole(out, proposal.text)
    return proposal, [*note_lines(sample.notes), *left_out_lines(sample.left_out)]
