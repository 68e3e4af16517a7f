"""The sizes of a model's inputs, read from the contract and the finished transform graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.features.inputs import (
    Field,
    InputLayout,
    ListField,
    MultiValueField,
    SequenceInput,
    VectorField,
)
from models.features.vocabularies import (
    learns_vocabulary,
    of_table,
    oov_buckets,
    vocabulary_name,
)
from schemas.column import Column
from schemas.contract import Contract
from schemas.tags import MultiValue, Numeric, Sequence, Vector


def field_size(column: Column, transform_output: Any) -> int:
    """Number of embedding rows of a column's own table.

    They are its known values and what stands for the rest.
    """
    treatment = column.list_treatment or column.treatment
    if isinstance(treatment, Numeric) or (isinstance(treatment, Sequence) and treatment.buckets):
        return treatment.buckets + 1
    if learns_vocabulary(column):
        known = int(transform_output.vocabulary_size_by_name(vocabulary_name(column.graph_name)))
    elif column.int_range is not None:
        known = column.int_range[1] - column.int_range[0] + 1
    else:
        known = len(column.values)
    return known + oov_buckets(column)


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
    return InputLayout(
        fields=tuple(fields),
        numeric=tuple(numeric),
        scenarios=contract.scenarios,
        multi_values=tuple(_multi_values(contract, transform_output)),
        vectors=tuple(
            VectorField(column.graph_name, column.list_treatment.dim, column.side)
            for column in contract.list_features
            if isinstance(column.list_treatment, Vector)
        ),
        sequences=tuple(
            SequenceInput(
                group.name,
                group.length,
                tuple(
                    ListField(**_list(contract, column, transform_output))
                    for column in group.columns
                ),
            )
            for group in contract.sequence_groups
        ),
    )


def _multi_values(contract: Contract, transform_output: Any) -> Iterator[MultiValueField]:
    for column in contract.list_features:
        treatment = column.list_treatment
        if isinstance(treatment, MultiValue):
            yield MultiValueField(
                **_list(contract, column, transform_output),
                pooling=treatment.pooling,
                weighted=treatment.weights is not None,
            )


def _list(contract: Contract, column: Column, transform_output: Any) -> dict[str, Any]:
    treatment = column.list_treatment
    assert isinstance(treatment, MultiValue | Sequence)
    owner = contract.column(of_table(column) or column.name)
    of_owner = owner.list_treatment or owner.treatment
    assert of_owner is not None
    return {
        "name": column.graph_name,
        "table": owner.graph_name,
        "size": field_size(owner, transform_output),
        "length": treatment.length,
        "dim": of_owner.dim,
        "side": column.side,
    }
