"""Writes guesses as a tagged schema with a comment above every feature."""

from __future__ import annotations

import dataclasses
import textwrap

from google.protobuf.text_encoding import CEscape

from common.errors import BadDataError
from data.inference.guesses import Guess, Guesses
from data.inference.sample import Sample
from schemas.contract import parse_schema, read_contract

_WIDTH = 100
_FIXES = {
    "timestamp": "write the time of the impression as seconds, milliseconds or microseconds since "
    "1970 (UTC), or as a timestamp",
    "user_id": "write one column that tells persons apart, such as user_id",
    "scenario": "write one column of at most 50 values that says where the impression was shown, "
    "such as scenario (the same value in every row will do)",
    "label": "write at least one column that is 0 or 1 in every row, and both, such as click",
}


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
    """Writes the schema; what was written is a contract.

    Raises:
      BadDataError: a role is missing that every contract has; says what to write.
    """
    if guesses.missing_roles:
        raise BadDataError(
            f"{len(sample.table):,} rows of {sample.files[0].path} were looked at, and no column "
            "fits:\n"
            + "\n".join(f"  {role}: {_FIXES[role]}" for role in guesses.missing_roles)
            + f"\nColumns: {', '.join(sample.table.column_names)}"
        )
    blocks = ["\n".join(_wrapped(_head(sample)))]
    blocks.append('default_environment: "TRAINING"\ndefault_environment: "SERVING"\n')
    blocks.extend(_block(x) for x in guesses.columns if not x.left_out)
    left_out = [x for x in guesses.columns if x.left_out]
    if left_out:
        blocks.append(
            "\n# Left out: a column that the schema does not name is read by nobody. Where the\n"
            "# reason is wrong, take the '#' away.\n"
        )
        blocks.extend(_commented(x) for x in left_out)
    text = "\n".join(blocks)
    read_contract(parse_schema(text, "the proposed schema"))
    return Proposal(text, tuple(_summary(guesses)))


def _head(sample: Sample) -> str:
    rows = f"{sample.table.num_rows:,} rows of {len(sample.files)} file(s)"
    known = "" if sample.complete else " (the first rows of each; later ones were not read)"
    return (
        f"Proposed from {rows}{known}. Every guess has its reason above it. A feature is required "
        "('presence', 'shape') where none of these rows lacks it: a row that does is refused. Read "
        "them, mend the tags, then hold the log against it: polyrank schema check"
    )


def _block(guess: Guess) -> str:
    return "\n".join([*_wrapped(guess.reason), _feature(guess)])


def _commented(guess: Guess) -> str:
    lines = _wrapped(f"{guess.column}: {guess.reason}")
    if guess.tags:
        # One line, so that one '#' less makes it a feature.
        lines.append("# " + " ".join(_feature(guess).split()))
    return "\n".join([*lines, ""])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _feature(guess: Guess) -> str:
    lines = [f"  name: {_quoted(guess.column)}", f"  type: {guess.type.upper()}"]
    if guess.required:
        lines += ["  presence { min_fraction: 1 }", "  shape { dim { size: 1 } }"]
    if guess.values:
        values = [f"    value: {_quoted(value)}" for value in guess.values]
        lines += ["  string_domain {", *values, "  }"]
    if any(tag.startswith("label") for tag in guess.tags):
        lines.append("  int_domain { min: 0 max: 1 }")
    if not guess.served:
        lines.append('  not_in_environment: "SERVING"')
    tags = [f"    tag: {_quoted(tag)}" for tag in guess.tags]
    return "\n".join(["feature {", *lines, "  annotation {", *tags, "  }", "}"])


def _quoted(text: str) -> str:
    return f'"{CEscape(text, as_utf8=True)}"'


def _summary(guesses: Guesses) -> list[str]:
    roles = {"scenario": "scenario", "timestamp": "time", "user_id": "person", "item": "item"}
    lines = []
    for tag, name in roles.items():
        found = [x for x in guesses.columns if not x.left_out and _leads(x, tag)]
        lines += [f"{name}: {x.column} ({x.reason})" for x in found]
    lines += [
        f"label: {x.column} ({x.tags[0]})" for x in guesses.columns if x.tags and _leads(x, "label")
    ]
    lines += [f"left out: {x.column} ({x.reason})" for x in guesses.columns if x.left_out]
    return lines


def _leads(guess: Guess, tag: str) -> bool:
    if not guess.tags or guess.tags[0].partition(":")[0] != tag:
        return False
    return tag != "item" or guess.tags[1] == "prior"
