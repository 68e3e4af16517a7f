"""What columns of lists are to each other: shared tables, aligned groups, weights."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from common.suggestions import nearest
from schemas.column import Column
from schemas.tags import ContractError, MultiValue, Numeric
from schemas.tags import Sequence as SequenceTag

_GROUP = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclasses.dataclass(frozen=True)
class SequenceGroup:
    """Sequences that are aligned row by row.

    Attributes:
      name: the group's; of a column that is in none its graph name.
      columns: in the schema's order.
      length: L, of all its columns.
    """

    name: str
    columns: tuple[Column, ...]
    length: int

    @property
    def length_input(self) -> str:
        """The signature's input with how many values a row has: int64 [B]."""
        return length_name(self.name)


def length_name(name: str) -> str:
    """The name of the lengths of a group, or of the lists of a column (its graph name)."""
    return f"{name}__length"


def sequence_groups(columns: Sequence[Column]) -> tuple[SequenceGroup, ...]:
    """Returns the groups of all sequences, in the order of their first columns.

    Raises:
      ContractError: a group has a name that can't be used, or columns of several lengths.
    """
    members: dict[str, list[Column]] = {}
    for column in columns:
        treatment = column.list_treatment
        if not isinstance(treatment, SequenceTag):
            continue
        if treatment.group is not None and not _GROUP.fullmatch(treatment.group):
            raise ContractError(
                f"feature '{column.name}': the group '{treatment.group}' needs a name of letters, "
                "digits and underscores that begins with a letter"
            )
        members.setdefault(treatment.group or column.graph_name, []).append(column)
    return tuple(_group(name, found) for name, found in members.items())


def _group(name: str, columns: list[Column]) -> SequenceGroup:
    lengths: dict[int, str] = {}
    for column in columns:
        treatment = column.list_treatment
        assert isinstance(treatment, SequenceTag)
        lengths.setdefault(treatment.length, column.name)
        if treatment.group is None and len(columns) > 1:
            raise ContractError(
                f"feature '{column.name}' is a sequence without a group, and there is a group of "
                "its name; name the group otherwise"
            )
    if len(lengths) > 1:
        shown = " and ".join(f"{length} ('{of}')" for length, of in lengths.items())
        raise ContractError(
            f"the sequences of group '{name}' are aligned row by row, but their lengths are "
            f"{shown}; give all of them one length"
        )
    return SequenceGroup(name, tuple(columns), next(iter(lengths)))


def check_lists(columns: Sequence[Column], groups: Sequence[SequenceGroup]) -> None:
    """Checks what the tags of lists say of other columns.

    Raises:
      ContractError: a table or weights of a column that is none, or a name that is taken.
    """
    by_name = {column.name: column for column in columns}
    weighed: dict[str, str] = {}
    for column in columns:
        treatment = column.list_treatment
        if isinstance(treatment, SequenceTag | MultiValue) and treatment.of is not None:
            _check_table(column, treatment.of, by_name)
        if isinstance(treatment, MultiValue) and treatment.weights is not None:
            _check_weights(column, treatment.weights, by_name)
            other = weighed.setdefault(treatment.weights, column.name)
            if other != column.name:
                raise ContractError(
                    f"feature '{column.name}', weights='{treatment.weights}': they are the weights "
                    f"of '{other}'; give each list weights of its own"
                )
    taken = {column.graph_name: column.name for column in columns}
    lists = {x.graph_name: x.name for x in columns if isinstance(x.list_treatment, MultiValue)}
    names = [group.name for group in groups]
    for name in names:
        if name in lists:
            raise ContractError(
                f"feature '{lists[name]}' is multi-valued and has the name of the group '{name}' "
                "of sequences; rename the group"
            )
    for name in (*names, *lists):
        if length_name(name) in taken:
            raise ContractError(
                f"feature '{taken[length_name(name)]}' has the name of the lengths of '{name}'; "
                "rename one of the two"
            )


def _named(where: str, name: str, by_name: Mapping[str, Column]) -> Column:
    if name not in by_name:
        raise ContractError(f"{where}: the schema has no such feature; {nearest(name, by_name)}")
    return by_name[name]


def _check_table(column: Column, of: str, by_name: Mapping[str, Column]) -> None:
    where = f"feature '{column.name}', of='{of}'"
    shared = _named(where, of, by_name)
    own_list = shared.list_treatment
    is_field = shared.treatment is not None and not isinstance(shared.treatment, Numeric)
    is_list = (
        isinstance(own_list, SequenceTag | MultiValue)
        and own_list.of is None
        and not getattr(own_list, "buckets", 0)
    )
    if shared is column or not (is_field or is_list):
        raise ContractError(
            f"{where}: a table is shared with a feature that is tagged 'id' or 'categorical', or "
            "with a list of ids that has a table of its own"
        )
    if shared.type != column.type:
        raise ContractError(
            f"{where}: it is {column.type.upper()} and '{of}' is {shared.type.upper()}; one id "
            "must be one value in both, so give them one type"
        )


def _check_weights(column: Column, weights: str, by_name: Mapping[str, Column]) -> None:
    where = f"feature '{column.name}', weights='{weights}'"
    found = _named(where, weights, by_name)
    is_list = found.ragged and not found.required
    if not is_list or found.type == "bytes" or found.list_treatment is not None:
        raise ContractError(
            f"{where}: it must be a list of numbers ('type: FLOAT', 'value_count {{ min: 0 }}') "
            "without a tag"
        )
