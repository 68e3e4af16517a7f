"""Which texts can be a name or a value of the contract."""

from __future__ import annotations

import collections
import unicodedata
from collections.abc import Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from common.names import OVERALL
from schemas.tags import ContractError

_CONTROL = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories: C0, DEL and C1; the separators of lines and of paragraphs."""

_APART = {
    ":": "it tells the parts of a tag apart",
    "/": "gate.overrides write 'output/scenario'",
    ",": "'after' lists labels with commas",
}


def why_not(text: str | bytes) -> str | None:
    """Says why `text` can be no name; None where it can.

    Args:
      text: bytes where protocol buffers have read what is no UTF-8.
    """
    if isinstance(text, bytes):
        return "is no UTF-8"
    if not text:
        return "is empty"
    for character in text:
        category = unicodedata.category(character)
        if category in _CONTROL:
            return f"holds the control character U+{ord(character):04X}"
        if category == "Cs":
            return f"holds half a surrogate pair (U+{ord(character):04X}), which is no UTF-8"
    return None


def check_feature_names(schema: schema_pb2.Schema) -> None:
    """Checks the features' names; any text will do that is one line and not empty.

    Raises:
      ContractError: a name that can't be used, or two features of one name.
    """
    for number, feature in enumerate(schema.feature, start=1):
        reason = why_not(feature.name)
        if reason is not None:
            raise ContractError(
                f"feature number {number} is called {feature.name!r}: its name {reason}; rename "
                "the column in the log and here"
            )
    often = collections.Counter(feature.name for feature in schema.feature)
    for name, count in often.items():
        if count > 1:
            raise ContractError(f"{count} features are called '{name}'; keep one, or rename one")


def check_values(feature: str, values: Sequence[str], scenario: bool) -> None:
    """Checks a feature's string_domain.

    Args:
      feature: its name.
      values: of its domain.
      scenario: True for the scenario's.

    Raises:
      ContractError: a value is listed twice, or can be no scenario's name.
    """
    for value, count in collections.Counter(values).items():
        if count > 1:
            raise ContractError(
                f"feature '{feature}': its string_domain lists {value!r} {count} times; keep one"
            )
        reason = why_not(value) if scenario else None
        if scenario and value == OVERALL:
            reason = "stands for all scenarios together in results and in gate.overrides"
        if reason is not None:
            raise ContractError(
                f"feature '{feature}' is the scenario, and its string_domain lists {value!r}, "
                f"which {reason}; rename that scenario in the log and here"
            )


def check_label_name(feature: str, label: str) -> None:
    """Checks the name that a label tag gives.

    Raises:
      ContractError: the name can't be used.
    """
    reason = why_not(label)
    if label == OVERALL:
        reason = "stands for all scenarios together in gate.overrides"
    for character, use in _APART.items():
        if character in label:
            reason = f"holds '{character}' ({use})"
    if reason is not None:
        raise ContractError(
            f"feature '{feature}' is tagged 'label:{label}', but a label's name {reason}; call the "
            "label something else (its column keeps its name)"
        )
