"""Guesses as a tagged schema in text format, with a comment above every feature."""

from __future__ import annotations

import textwrap

from google.protobuf.text_encoding import CEscape

from data.inference.guesses import Guess, Guesses
from data.inference.sampling.sample import Sample

_WIDTH = 100


def schema_text(sample: Sample, guesses: Guesses) -> str:
    """Writes the schema; columns that are left out stand in comments at its end."""
    blocks = ["\n".join(_wrapped(_head(sample)))]
    blocks += ["\n".join(_wrapped(line)) for line in guesses.without_role()]
    blocks.append('default_environment: "TRAINING"\ndefault_environment: "SERVING"\n')
    blocks.extend(_block(x) for x in guesses.columns if not x.left_out)
    left_out = [x for x in guesses.columns if x.left_out]
    if left_out:
        blocks.append(
            "\n# Left out: no run reads a column that the schema does not name. Where the reason\n"
            "# is wrong, take the '#' away.\n"
        )
        blocks.extend(_commented(x) for x in left_out)
    return "\n".join(blocks)


def _head(sample: Sample) -> str:
    rows = f"{sample.table.num_rows:,} rows of {len(sample.files)} file(s)"
    known = "" if sample.complete else " (the first rows of each; later ones were not read)"
    return (
        f"Proposed from {rows}{known}. Every guess has its reason above it. A feature is required "
        "('presence', 'shape') where none of these rows lacks it: a row that does is refused. Read "
        "them, correct the tags, then hold the log against it: polyrank schema check"
    )


def _block(guess: Guess) -> str:
    return "\n".join([*_wrapped(guess.reason), _feature(guess)])


def _commented(guess: Guess) -> str:
    lines = _wrapped(f"{guess.column or repr('')}: {guess.reason}")
    if guess.tags:
        # One line, so that one '#' less makes it a feature.
        lines.append("# " + " ".join(line.strip() for line in _feature(guess).split("\n")))
    return "\n".join([*lines, ""])


def _wrapped(text: str) -> list[str]:
    # A name or a value may hold line breaks that would end the comment.
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )


def _feature(guess: Guess) -> str:
    lines = [f"  name: {_quoted(guess.column)}", f"  type: {guess.type.upper()}"]
    if guess.required:
        size = guess.value_count[1] if guess.value_count else 1
        lines += ["  presence { min_fraction: 1 }", f"  shape {{ dim {{ size: {size} }} }}"]
    elif guess.value_count:
        least, most = guess.value_count
        lines.append(f"  value_count {{ min: {least}{'' if most is None else f' max: {most}'} }}")
    if guess.values:
        values = [f"    value: {_quoted(value)}" for value in guess.values]
        lines += ["  string_domain {", *values, "  }"]
    if any(tag.startswith("label:") and " above:" not in tag for tag in guess.tags):
        lines.append("  int_domain { min: 0 max: 1 }")
    if not guess.served:
        lines.append('  not_in_environment: "SERVING"')
    if guess.tags:
        tags = [f"    tag: {_quoted(tag)}" for tag in guess.tags]
        lines += ["  annotation {", *tags, "  }"]
    return "\n".join(["feature {", *lines, "}"])


def _quoted(text: str) -> str:
    return f'"{CEscape(text, as_utf8=True)}"'
