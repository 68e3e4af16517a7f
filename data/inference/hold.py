"""Holds a proposed contract against the sample it was made from, with the pipeline's own reader."""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from common.errors import BadDataError
from data.inference.one_table import one_array
from data.inference.sample import Part, Sample
from data.log.check_batch import check_batch
from data.log.columns import check_schema
from data.log.report import Report
from schemas.contract import Contract


@dataclasses.dataclass(frozen=True)
class Held:
    """What the reader makes of the sample.

    Attributes:
      refused: column -> why it can't be read, or which of its rows are refused.
      outside: the rows that lie on another day than their folder says, for people; or empty.
    """

    refused: dict[str, str]
    outside: str = ""


def hold(contract: Contract, sample: Sample) -> Held:
    """Reads the sample by a contract: first the files' types, then, if these fit, every row."""
    refused: dict[str, str] = {}
    for part in sample.parts:
        refused = {**_of_other_types(contract, part), **refused}
    if refused:
        return Held(refused)
    report = Report()
    for part in sample.parts:
        arrays = [one_array(column) for column in part.rows.columns]
        batch = pa.RecordBatch.from_arrays(arrays, names=part.rows.column_names)
        check_batch(contract, batch, part.file.name, part.file.date, 0, report)
    rows = f"{sample.table.num_rows:,} rows"
    outside = ""
    for found in report.by_frequency():
        said = (
            f"{found.rows:,} of {rows} are refused ({found.rule.name}; first: {found.file}, row "
            f"{found.row:,}: {found.value}; wanted {found.rule.wanted})"
        )
        if found.rule.name == "outside_its_day":
            outside = said
        else:
            refused.setdefault(found.rule.column, said)
    return Held(refused, outside)


def _of_other_types(contract: Contract, part: Part) -> dict[str, str]:
    """Column -> why the reader has no place for its type in a file."""
    found = {}
    for column in contract.columns:
        # By one column at a time, so that each has its own reason.
        alone = dataclasses.replace(contract, columns=(column,))
        try:
            check_schema(alone, part.rows.schema, part.file.name, part.untyped)
        except BadDataError as error:
            found[column.name] = str(error).splitlines()[1].strip()
    return found
