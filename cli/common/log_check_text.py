"""The words of `polyrank schema check`."""

from __future__ import annotations

from collections.abc import Iterator

from data.log.check_log import LogCheck
from data.log.files import left_out_lines
from data.log.labels.gap_filling import gap_lines
from data.log.reading_notes import note_lines
from schemas.contract import Contract
from schemas.label_values import negative_words, positive_words

_MOST_NAMES = 12


def findings(contract: Contract, found: LogCheck) -> list[str]:
    """What is wrong with the log, the most frequent first; empty where nothing is."""
    wrong = [*found.unreadable, *found.report.reasons()]
    if found.kept:
        wrong += _one_sided(contract, found)
    return wrong


def _one_sided(contract: Contract, found: LogCheck) -> Iterator[str]:
    for label in contract.tasks.labels:
        positives = found.labels.positive_rows(label.column)
        known = found.kept - found.labels.unknown.rows(label)
        where = f"column '{label.column}' (label:{label.name}) is"
        if not known:
            yield (
                f"{where} missing in all {found.kept:,} rows: nothing can be learned of it; "
                "deliver rows that have it, or drop its tag"
            )
        elif positives in (0, known):
            what = positive_words(label) if positives else negative_words(label)
            yield (
                f"{where} {what} in all {known:,} rows{' that have it' if label.optional else ''}: "
                "nothing can be learned of it; deliver rows with both, or drop its tag"
            )
    if contract.user_id:
        wrong = found.report.users.unusable(contract.user_id)
        if wrong:
            yield wrong
    there = [name for name, rows in found.scenarios.items() if rows]
    if contract.scenario and len(there) == 1 < len(contract.scenarios):
        yield (
            f"column '{contract.scenario.name}' (scenario) is '{there[0]}' in every row, and its "
            f"string_domain lists {len(contract.scenarios)}; deliver the others, or list this one"
        )


def summary(contract: Contract, found: LogCheck) -> list[str]:
    """Rows, spans, rates and scenarios, for a reader who wants to recognise the log."""
    lines = [
        f"{found.report.read:,} rows in {found.files} file(s), {len(found.spans)} spans, "
        f"{found.spans[0]} to {found.spans[-1]}; {found.kept:,} keep the contract"
    ]
    if found.kept:
        lines += [
            _positives(
                label.name,
                found.labels.positive_rows(label.column),
                found.labels.unknown.rows(label),
                found.kept,
            )
            for label in contract.tasks.labels
        ]
        lines += gap_lines(contract, found.gaps)
        lines += found.labels.unknown.lines(contract, found.gaps.left_out)
        lines += found.report.lists.lines(contract)
        users = found.report.users
        if contract.user_id and users.guests:
            lines.append(
                f"user {contract.user_id.name}: empty in {users.guests:,} rows "
                f"({users.guests / found.kept:.1%}), which are guests'"
            )
        lines += [f"scenario {name}: {rows:,} rows" for name, rows in found.scenarios.items()]
    if found.not_named:
        names = sorted(found.not_named)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        lines.append(f"not in the schema, not read: {', '.join(names[:_MOST_NAMES])}{more}")
    lines += note_lines(found.notes)
    lines += left_out_lines(tuple(found.left_out))
    return lines


def _positives(label: str, positives: int, unknown: int, rows: int) -> str:
    share = positives / max(rows - unknown, 1)
    return (
        f"label {label}: {positives:,} positives ({share:.2%}"
        f"{' of the rows that have it' if unknown else ''})"
    )
