"""The sizes of a model's inputs, read from the contract and the finished transform graph."""

from __future__ import annotations

from typing import Any

from models.features.inputs import Field, InputLayout
from models.features.preprocessing import learns_vocabulary, vocabulary_name
from schemas.column import Column
from schemas.contract import Contract
from schemas.tags import Numeric


def field_size(column: Column, transform_output: Any) -> int:
    """Number of embedding rows of a column: its known values and what stands for the rest."""
    treatment = column.treatment
    assert treatment is not None
    if isinstance(treatment, Numeric):
        return treatment.buckets + 1
    if learns_vocabulary(column):
        known = int(transform_output.vocabulary_size_by_name(vocabulary_name(column.graph_name)))
    elif column.int_range is not None:
        known = column.int_range[1] - column.int_range[0] + 1
    else:
        known = len(column.values)
    return known + treatment.oov


def build_input_layout(contract: Contract, transform_output: Any) -> InputLayout:
    """Builds the layout in the contract's order.

    Args:
      contract: the data contract.
      transform_output: the TFTransformOutput of a transform graph built from that contract.
    """
    fields, numeric = [], []
    for column in contract.features:
        treatment = column.treatment
        assert treatment is not None
        if isinstance(treatment, Numeric):
            numeric.append(column.graph_name)
            if not treatment.buckets:
                continue
        fields.append(
            Field(
                name=column.graph_name,
                size=field_size(column, transform_output),
                dim=treatment.dim,
                side=column.side,
                prior="prior" in column.tags.flags,
                prior_role=column.tags.prior_role,
            )
        )
    return InputLayout(tuple(fields), tuple(numeric), contract.scenarios)
