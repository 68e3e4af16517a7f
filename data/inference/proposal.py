"""A proposed schema: guesses that the pipeline's reader has agreed to."""

from __future__ import annotations

import dataclasses

from common.errors import BadDataError
from data.inference import roles_text, schema_text
from data.inference.guesses import Guesses
from data.inference.hold import hold
from data.inference.outcomes.label_values import NOT_KNOWN_YET
from data.inference.sampling.sample import Sample
from schemas.contract import Contract, parse_schema, read_contract
from schemas.tags import ContractError


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A proposed schema.

    Attributes:
      text: the schema in text format, with comments.
      summary: a line a role, for the terminal.
    """

    text: str
    summary: tuple[str, ...]


def propose(sample: Sample, guesses: Guesses) -> Proposal:
    """Writes the schema; what was written is a contract that the pipeline reads the sample by.

    A feature that the reader would refuse, wholly or in some rows, is left out.

    Raises:
      BadDataError: a role is missing, or in doubt, or the reader refuses a column that has one;
        says what to do.
    """
    roles_text.check_roles(sample, guesses)
    while True:
        held = hold(_contract(schema_text.schema_text(sample, guesses)), sample)
        if not held.refused:
            break
        for column, reason in held.refused.items():
            guesses = _without(guesses, column, reason)
    for column, gaps in held.gaps.items():
        guesses = guesses.saying(column, NOT_KNOWN_YET, gaps)
    text = schema_text.schema_text(sample, guesses)
    summary = roles_text.summary(guesses)
    if held.outside:
        summary.append(f"outside their span's day: {held.outside}")
    return Proposal(text, tuple(summary))


def _contract(text: str) -> Contract:
    try:
        return read_contract(parse_schema(text, "the proposed schema"))
    except ContractError as error:
        raise BadDataError(f"no schema describes this log: {error}") from None


def _without(guesses: Guesses, column: str, reason: str) -> Guesses:
    guess = next(x for x in guesses.columns if x.column == column)
    if guess.has_role:
        raise BadDataError(
            f"column '{column}' ({guess.tags[0]}) can't be read: {reason}; repair the column, or "
            "name another one"
        )
    return guesses.without(column, f"the pipeline's reader refuses it: {reason}")
