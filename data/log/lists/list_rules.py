"""The rules of lists: aligned ones are equally long, and a vector has all its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from data.log.casting.lists import is_list, list_lengths
from data.log.columns import Typed
from data.log.rule import Rule
from schemas.contract import Contract
from schemas.treatments import MultiValue, Vector

_ALIGNED = (
    "write one value in each of the aligned lists for every event, or tag the columns as groups "
    "of their own"
)


def list_rules(contract: Contract, batch: Mapping[str, Typed]) -> Iterator[tuple[Rule, np.ndarray]]:
    """Yields the rules of a batch's lists, each with the rows that break it, bool [N].

    A row without a list (null) has one of length 0 in each of its aligned columns.
    """
    for column, other, what, advice in _aligned(contract):
        broken = list_lengths(batch[column].array) != list_lengths(batch[other].array)
        wanted = f"as many values as '{other}' of the row, {what}"
        yield Rule("misaligned", column, wanted, advice, (column, other)), broken
    for feature in contract.list_features:
        array, treatment = batch[feature.name].array, feature.list_treatment
        if isinstance(treatment, Vector) and is_list(array.type):
            lengths = list_lengths(array)
            wanted = f"{treatment.dim} numbers" + ("" if feature.required else ", or none")
            advice = (
                f"deliver vectors of one model, or write 'vector:dim=' as long as {feature.name}"
            )
            broken = (lengths != treatment.dim) & (lengths > 0)
            yield Rule("wrong_length", feature.name, wanted, advice, (feature.name,)), broken


def _aligned(contract: Contract) -> Iterator[tuple[str, str, str, str]]:
    """Yields (column, the column it is aligned with, as what, what to do where it is not)."""
    for group in contract.sequence_groups:
        first, *others = group.columns
        for column in others:
            yield column.name, first.name, f"of the same group '{group.name}'", _ALIGNED
    for column in contract.list_features:
        treatment = column.list_treatment
        if isinstance(treatment, MultiValue) and treatment.weights is not None:
            yield (
                treatment.weights,
                column.name,
                "which these weigh",
                "write one weight for every value",
            )


def lengths_in(rule: Rule, values: Mapping[str, Typed], row: int) -> str:
    """Says how long the lists are that a rule compares: ` ('a' has 2 values, 'b' has 3)`."""
    lengths = {
        name: int(list_lengths(values[name].array.slice(row, 1))[0]) for name in rule.lengths_of
    }
    said = ", ".join(
        f"'{name}' has {length:,} value{'' if length == 1 else 's'}"
        for name, length in lengths.items()
    )
    return f" ({said})" if said else ""
