"""How the roles were given, for the terminal; and the refusal where one of them was not."""

from __future__ import annotations

from common.errors import BadDataError
from data.inference.candidates import Candidate, Chosen
from data.inference.choices import ROLES
from data.inference.guesses import Guess, Guesses
from data.inference.sampling.header import without_header
from data.inference.sampling.sample import Sample
from schemas.usable_text import why_not

_WANTED = {
    "time": "write the time of the impression as seconds, milliseconds or microseconds since 1970 "
    "(UTC), or as a timestamp",
    "user": "write one column that tells users apart, such as user_id",
    "scenario": "write one column of at most 50 values that says where the impression was shown, "
    "such as scenario",
    "label": "write at least one column that is 0 or 1, and both, such as click (a count, or "
    "-1 and 1, will do; an empty value is not known yet)",
}


def check_roles(sample: Sample, guesses: Guesses) -> None:
    """Raises BadDataError where a role is in doubt or missing; says why, and what to do."""
    wrong = []
    for role, chosen in guesses.roles.items():
        if chosen.winner is None:
            wrong += _missing(role, chosen)
    if not guesses.has_label:
        wrong += _missing_label(guesses)
    if wrong:
        raise BadDataError(
            f"{sample.table.num_rows:,} rows of {sample.files[0].path} were looked at, and not "
            "every role has its column:\n"
            + "\n".join(wrong)
            + f"\nColumns: {', '.join(map(_readable, sample.table.column_names))}"
            + _without_header(sample)
        )


def _without_header(sample: Sample) -> str:
    hint = without_header(sample.table.column_names) if sample.parts[0].untyped else ""
    return f"\n{sample.parts[0].file.name}: {hint}" if hint else ""


def _missing(role: str, chosen: Chosen) -> list[str]:
    lines = [f"  {role}: {_lost(loser)}" for loser in chosen.losers]
    if chosen.in_doubt is not None:
        guessed = chosen.in_doubt
        lines.append(
            f"  {role}: '{guessed.column.name}' would do, but it is a guess ({guessed.reason})"
        )
    if not lines:
        lines = [f"  {role}: no column fits"]
    advice = dict.fromkeys(loser.advice for loser in chosen.losers if loser.advice)
    return [
        *lines,
        f"    {'; '.join(advice) or _WANTED[role]}; or say --{role} COLUMN, or --{role} none: "
        f"{ROLES[role]}",
    ]


def _missing_label(guesses: Guesses) -> list[str]:
    lines = [f"  label: '{column}': {why}" for column, why in guesses.refused_labels]
    if guesses.doubtful_labels:
        names = ", ".join(f"'{name}'" for name in guesses.doubtful_labels)
        lines.append(f"  label: {names} would do, but no name says that it is an outcome")
    if not lines:
        lines = ["  label: no column fits"]
    return [*lines, f"    {_WANTED['label']}; or say --label COLUMN (more than once for several)"]


def _lost(loser: Candidate) -> str:
    return f"'{loser.column.name}' has the name of one, but {loser.failed}"


def summary(guesses: Guesses) -> list[str]:
    """A line for each role, label, column that is left out, and feature that needs a look."""
    lines = []
    for role, tag in (("scenario", "scenario"), ("time", "timestamp"), ("user", "user_id")):
        found = [x for x in guesses.columns if not x.left_out and _leads(x, tag)]
        lines += [f"{role}: {x.column} ({x.reason})" for x in found]
    lines += [f"item: {x.column} ({x.reason})" for x in guesses.columns if _is_item(x)]
    lines += guesses.without_role()
    for guess in guesses.columns:
        if not guess.left_out and _leads(guess, "label"):
            note = f"; {guess.note}" if guess.note else ""
            lines.append(f"label: {guess.column} ({guess.tags[0]}{note})")
    lines += [
        f"feature: {x.column} ({x.note})"
        for x in guesses.columns
        if x.note and not x.left_out and not x.has_role
    ]
    lines += [f"left out: {_shown(x)} ({x.reason})" for x in guesses.columns if x.left_out]
    return lines


def _shown(guess: Guess) -> str:
    return _readable(guess.column)


def _readable(column: str) -> str:
    return column if why_not(column) is None and column == column.strip() else repr(column)


def _leads(guess: Guess, tag: str) -> bool:
    return bool(guess.tags) and guess.tags[0].partition(":")[0] == tag


def _is_item(guess: Guess) -> bool:
    return not guess.left_out and guess.tags[:2] == ("item", "prior")
