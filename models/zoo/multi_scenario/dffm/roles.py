"""Which fields stand for the domain, which for the target item."""

from __future__ import annotations

import dataclasses

from common.settings import SettingsError
from models.features.inputs import InputLayout


@dataclasses.dataclass(frozen=True)
class Roles:
    """The positions of `Features.fields` by what they are to DFFM.

    Attributes:
      domain: fields of the domain besides the scenario itself, E^d.
      target: fields of the target item, E^t.
      agnostic: all other fields, multi-valued columns and vectors, E^a; of histories none.
    """

    domain: tuple[int, ...]
    target: tuple[int, ...]
    agnostic: tuple[int, ...]

    @property
    def raw(self) -> tuple[int, ...]:
        """Those that the micro-network does not transform."""
        return (*self.target, *self.domain)


def roles_of(layout: InputLayout, histories: bool) -> Roles:
    """Sorts a layout's slots.

    Fields with the tag `prior:scenario` are the domain's. The target item is what histories are
    compared with: the fields whose tables sequences share (`of=`); where there are none, those with
    the tag `prior:item`; without these, those with the tag `item`.

    Args:
      layout: the inputs.
      histories: whether sequences are read.

    Raises:
      SettingsError: sequences are read, and no field is of the target item.
    """
    places = dict(enumerate(layout.fields))
    domain = tuple(p for p, field in places.items() if field.prior_role == "scenario")
    tables = {column.table for group in layout.sequences for column in group.columns}
    rules = (
        [p for p, field in places.items() if field.name in tables],
        [p for p, field in places.items() if field.prior_role == "item"],
        [p for p, field in places.items() if field.side == "item"],
    )
    found = [tuple(p for p in rule if p not in domain) for rule in rules]
    target = next((rule for rule in found if rule), ())
    if histories and layout.sequences and not target:
        groups = ", ".join(group.name for group in layout.sequences)
        raise SettingsError(
            f"model: dffm reads the histories {groups} for a target item, and no column says what "
            "it is; tag a sequence with of=<the item's column>, or the item's columns with "
            "prior:item or item, or leave histories out with model.histories: none"
        )
    taken = {*domain, *target}
    agnostic = tuple(p for p in range(len(layout.slots(False))) if p not in taken)
    return Roles(domain, target, agnostic)
