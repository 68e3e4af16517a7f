"""The scenarios' names: what the pipeline's reader makes of the values in the files."""

from __future__ import annotations

import collections

from data.inference.sampling.one_table import one_array
from data.inference.sampling.sample import Sample
from data.log.casting import lists
from data.log.casting.values import cast


def scenario_values(sample: Sample, column: str) -> tuple[str, ...]:
    """The names in a column read as text, the most frequent first.

    A text keeps its writing (`001`, `1.0`, `True`); whole numbers are written as `3`.
    """
    rows: collections.Counter[bytes] = collections.Counter()
    for part in sample.parts:
        values = one_array(part.rows.column(column))
        if lists.is_list(values.type):
            values, _ = lists.first_values(values)
        counts = cast(values, "bytes")[0].drop_null().value_counts()
        rows.update({found["values"]: found["counts"] for found in counts.to_pylist()})
    return tuple(name.decode() for name, _ in rows.most_common())
