"""Holds a proposed contract against the sample it was made from, with the pipeline's own reader."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import pyarrow as pa

from common.errors import BadDataError
from data.inference.outcomes.label_values import NOT_KNOWN_YET
from data.inference.sampling.one_table import one_array
from data.inference.sampling.sample import Part, Sample
from data.log.check_batch import check_batch
from data.log.columns import check_schema
from data.log.labels.gap_filling import filled, lines_by_column
from data.log.labels.label_gaps import GapCounts, gap_columns
from data.log.report import Report
from schemas.contract import Column, Contract
from schemas.tags import MultiValue


@dataclasses.dataclass(frozen=True)
class Held:
    """What the reader makes of the sample.

    Attributes:
      refused: column -> why it can't be read, or which of its rows are refused.
      outside: the rows that lie on another day than their folder says, for people; or empty.
      gaps: a label's column -> what the gaps are that its parent says more of, for people.
    """

    refused: dict[str, str]
    outside: str = ""
    gaps: Mapping[str, str] = dataclasses.field(default_factory=dict)


def hold(contract: Contract, sample: Sample) -> Held:
    """Reads the sample by a contract: first the files' types, then, if these fit, every row."""
    refused: dict[str, str] = {}
    for part in sample.parts:
        refused = {**_of_other_types(contract, part), **refused}
    if refused:
        return Held(refused)
    report = Report()
    counts, read = GapCounts(), []
    for part in sample.parts:
        arrays = [one_array(column) for column in part.rows.columns]
        batch = pa.RecordBatch.from_arrays(arrays, names=part.rows.column_names)
        values, _ = check_batch(contract, batch, part.file.name, part.file.date, 0, report)
        # A log without spans is looked at as one.
        span = part.file.date or "the sample"
        read.append((span, {name: values[name].array for name in gap_columns(contract)}))
        counts.count(contract, read[-1][1], span)
    rows = f"{sample.table.num_rows:,} rows"
    outside = ""
    for found in report.by_frequency():
        said = (
            f"{found.rows:,} of {rows} are refused ({found.rule.name}; first: {found.file}, row "
            f"{found.row:,}: {found.value}; wanted {found.rule.wanted})"
            f"{': ' if found.rule.advice else ''}{found.rule.advice}"
        )
        if found.rule.name == "outside_its_day":
            outside = said
        else:
            refused.setdefault(found.rule.column, said)
    return Held(refused, outside, _gaps(contract, counts, read))


def _gaps(
    contract: Contract, counts: GapCounts, read: Sequence[tuple[str, Mapping[str, pa.Array]]]
) -> dict[str, str]:
    """By column, what becomes of the gaps in the rows of `read`: (span, column -> values)."""
    decided = counts.decide(contract)
    unknown: collections.Counter[str] = collections.Counter()
    for span, arrays in read:
        for name, array in filled(contract, arrays, span, decided).items():
            if (span, name) not in decided.left_out:
                unknown[name] += array.null_count
    found = {}
    for column, lines in lines_by_column(contract, decided).items():
        if lines:
            rest = [f"elsewhere {NOT_KNOWN_YET}"] if unknown[column] else []
            found[column] = "; ".join([*lines, *rest])
    return found


def _weighed_by(contract: Contract, weights: Column) -> list[Column]:
    """The lists whose values a column weighs."""
    return [
        column
        for column in contract.list_features
        if isinstance(column.list_treatment, MultiValue)
        and column.list_treatment.weights == weights.name
    ]


def _of_other_types(contract: Contract, part: Part) -> dict[str, str]:
    """Column -> why the reader has no place for its type in a file."""
    found: dict[str, str] = {}
    for column in contract.columns:
        # By one column at a time, so that each has its own reason; weights are read as the
        # lists that they weigh.
        alone = dataclasses.replace(contract, columns=(column, *_weighed_by(contract, column)))
        try:
            check_schema(alone, part.rows.schema, part.file.name, part.untyped)
        except BadDataError as error:
            lines = [line.strip() for line in str(error).splitlines()[1:]]
            own = [line for line in lines if line.startswith(f"column '{column.name}' ")]
            if own:
                found[column.name] = own[0]
    return found
