"""Does with the gaps of labels what `label_gaps` decides, and says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data.log.labels.label_gaps import Gaps, gap_labels, without_parent
from schemas.contract import Contract
from schemas.label_values import negative_value
from schemas.task_graph import Label

_MOST_SPANS = 3


def filled(
    contract: Contract, columns: Mapping[str, pa.Array], date: str, gaps: Gaps
) -> dict[str, pa.Array]:
    """Makes gaps negatives, and labels that a span is left out of unknown.

    Args:
      contract: the data contract.
      columns: of rows of one span, by name, in their types, each [N].
      date: the span.
      gaps: what its gaps are.

    Returns:
      The same columns with these labels' values replaced.
    """
    found = dict(columns)
    for label, _ in gap_labels(contract):
        array = found[label.column]
        if (date, label.column) in gaps.left_out:
            found[label.column] = pa.nulls(len(array), array.type)
        elif (date, label.column) in gaps.negative:
            value = negative_value(label, contract.column(label.column).type)
            missing = array.is_null().to_numpy(zero_copy_only=False)
            zeros = pa.array(without_parent(contract, label, found) & missing)
            found[label.column] = pc.if_else(zeros, pa.scalar(value, array.type), array)
    return found


def filled_wherever(
    contract: Contract, columns: Mapping[str, pa.Array], date: str
) -> dict[str, pa.Array]:
    """The same, as if the gaps of all labels were negatives in the span.

    Returns:
      The same columns, by name, each [N].
    """
    keys = frozenset((date, label.column) for label, _ in gap_labels(contract))
    return filled(contract, columns, date, Gaps((date,), keys))


def gap_lines(contract: Contract, gaps: Gaps) -> list[str]:
    """Says what `filled` does, for people: a sentence for each label and kind."""
    return [line for lines in lines_by_column(contract, gaps).values() for line in lines]


def lines_by_column(contract: Contract, gaps: Gaps) -> dict[str, list[str]]:
    """The same sentences by the label's column; none of a label whose gaps stay what they are."""
    return {
        label.column: [*_negative(label, parent, gaps), *_left_out(label, parent, gaps)]
        for label, parent in gap_labels(contract)
    }


def _negative(label: Label, parent: Label, gaps: Gaps) -> Iterator[str]:
    negative = [date for date in gaps.dates if (date, label.column) in gaps.negative]
    if negative:
        where = "" if len(negative) == len(gaps.dates) else f" of {_spans(negative)}"
        yield (
            f"{label.name} is empty in most rows without {parent.name}{where}: there it is "
            "taken as negative"
        )


def _left_out(label: Label, parent: Label, gaps: Gaps) -> Iterator[str]:
    shares = {
        date: gaps.left_out[date, label.column]
        for date in gaps.dates
        if (date, label.column) in gaps.left_out
    }
    known = {date: share for date, share in shares.items() if share is not None}
    if known:
        least, most = (f"{limit(known.values()):.1%}" for limit in (min, max))
        yield (
            f"{label.name} is known in only {least if least == most else f'{least} to {most}'} of "
            f"the rows with {parent.name} of {_spans(list(known))}, and in fewer without: "
            f"{label.name} is left out there"
        )
    derived = [date for date, share in shares.items() if share is None]
    if derived:
        yield (
            f"{label.name} needs {parent.name}, which is left out of {_spans(derived)}: "
            f"{label.name} is left out there too"
        )


def _spans(dates: list[str]) -> str:
    if len(dates) <= _MOST_SPANS:
        return ", ".join(dates)
    return f"{len(dates)} spans from {dates[0]} to {dates[-1]}"
