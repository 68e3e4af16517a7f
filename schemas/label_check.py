"""Which columns can be a label, and with which threshold."""

from __future__ import annotations

from schemas.column_type import ColumnType
from schemas.tags import ContractError, Tags
from schemas.usable_text import check_label_name

_LARGEST: dict[ColumnType, float] = {"int": 2.0**53, "float": 3.4028234663852886e38}
"""INT: beyond it a threshold, which is a double, can't tell neighbours apart. FLOAT: float32's."""

_ROLES = frozenset(("scenario", "user_id", "timestamp", "weight", "sampling_rate"))


def check_label(feature: str, kind: ColumnType, tags: Tags) -> None:
    """Checks a feature that has a label tag; any other passes.

    Args:
      feature: its name.
      kind: its type.
      tags: its tags.

    Raises:
      ContractError: its name, its type, its threshold or another tag can't be a label's.
    """
    if tags.label is None:
        return
    check_label_name(feature, tags.label.name)
    roles = sorted(tags.flags & _ROLES)
    if roles:
        raise ContractError(
            f"feature '{feature}' is tagged '{roles[0]}' and 'label:{tags.label.name}': what came "
            "of the impression can't be known before it; drop one of the two tags"
        )
    above = tags.label.above
    if tags.treatment is not None or kind == "bytes" or (kind == "float" and above is None):
        raise ContractError(
            f"feature '{feature}' is a label: it must be 'type: INT' (0 or 1), or INT or FLOAT "
            f"with a threshold ('label:{tags.label.name} above:0': values above it are positive), "
            "and must not be a model input (drop its id / categorical / numeric tag)"
        )
    if above is not None and abs(above) > _LARGEST[kind]:
        raise ContractError(
            f"feature '{feature}': 'above:{above:g}' is outside {kind.upper()}, so that no value "
            f"or every value would be positive; write a number of at most {_LARGEST[kind]:g}"
        )
