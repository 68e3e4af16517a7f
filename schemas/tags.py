"""The grammar of a feature's annotation tags.

A tag is ``name``, ``name:value`` or ``name:key=value,key=value``; the parts of
a label tag are separated by blanks: ``label:action given:click above:0``.
"""

from __future__ import annotations

import dataclasses
import math

from common.suggestions import nearest

# Named twice, so that whoever reads tags finds what they make here too.
from schemas.treatments import KINDS, arguments, read_treatment
from schemas.treatments import Categorical as Categorical
from schemas.treatments import ContractError as ContractError
from schemas.treatments import Id as Id
from schemas.treatments import ListTreatment as ListTreatment
from schemas.treatments import MultiValue as MultiValue
from schemas.treatments import Numeric as Numeric
from schemas.treatments import Sequence as Sequence
from schemas.treatments import Treatment as Treatment
from schemas.treatments import Vector as Vector

SIDES = ("user", "item", "context")
_FLAGS = (
    *SIDES,
    "scenario",
    "user_id",
    "span",
    "weight",
    "sampling_rate",
    "after_impression",
)
PRIOR_ROLES = ("user", "item", "scenario")
_LABEL_PARTS = ("label", "given", "after", "above")
TIME_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000}
KNOWN_TAGS = (*_FLAGS, *KINDS, "prior", "label", "train_only", "truth", "timestamp")


@dataclasses.dataclass(frozen=True)
class LabelTag:
    """One node of the task graph; `given` refuses rows, `after` only names paths.

    Attributes:
      name: the label's name.
      given: the label without which this one never is positive, or None.
      after: labels that often come first.
      above: values above it are positive, all others negative; None where they are 1 and 0.
    """

    name: str
    given: str | None = None
    after: tuple[str, ...] = ()
    above: float | None = None


@dataclasses.dataclass(frozen=True)
class Tags:
    """All tags of one feature, parsed.

    Attributes:
      flags: the tags without arguments, `timestamp` and `prior`.
      treatment: how Transform treats a feature of one value a row, or None.
      list_treatment: how it treats a feature of a list a row, or None.
      prior_role: whose prior a personal prior feature is (`user`, `item`, `scenario`); None where
        the tag does not say.
      label: the node of the task graph, or None.
      train_only_default: the text of `train_only:default=...`, or None.
      truth: the output whose true probability the column holds (of a log that was drawn from
        known ones), or None.
      ticks_per_second: the unit of the timestamp column (1, 1_000 or 1_000_000).
    """

    flags: frozenset[str] = frozenset()
    treatment: Treatment | None = None
    label: LabelTag | None = None
    train_only_default: str | None = None
    truth: str | None = None
    ticks_per_second: int = 1
    list_treatment: ListTreatment | None = None
    prior_role: str | None = None


def _label(feature: str, tag: str) -> LabelTag:
    values: dict[str, str] = {}
    for part in tag.split():
        key, _, value = part.partition(":")
        if key not in _LABEL_PARTS:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': unknown part '{key}'; "
                f"{nearest(key, _LABEL_PARTS)}"
            )
        if key in values:
            raise ContractError(f"feature '{feature}', tag '{tag}': two '{key}'; keep one")
        if not value:
            wanted = "NUMBER" if key == "above" else "NAME"
            raise ContractError(f"feature '{feature}', tag '{tag}': write '{key}:{wanted}'")
        values[key] = value
    if "given" in values and "after" in values:
        raise ContractError(
            f"feature '{feature}', tag '{tag}': 'given' (a constraint) and 'after' (a path) "
            "exclude each other; keep one"
        )
    after = tuple(values["after"].split(",")) if "after" in values else ()
    above = _threshold(feature, tag, values["above"]) if "above" in values else None
    return LabelTag(values["label"], values.get("given"), after, above)


def _threshold(feature: str, tag: str, text: str) -> float:
    try:
        # Python's own numbers may have underscores and other scripts' digits, which no other
        # reader of a schema takes.
        plain = text.isascii() and "_" not in text
        threshold = float(text) if plain else math.nan
    except ValueError:
        threshold = math.nan
    if not math.isfinite(threshold):
        raise ContractError(
            f"feature '{feature}', tag '{tag}': above is '{text}'; "
            "write a number, such as 'above:0'"
        )
    return threshold


def parse_tags(feature: str, tags: list[str]) -> Tags:
    """Parses the annotation tags of `feature`.

    Raises:
      ContractError: an unknown tag or argument, or two tags that exclude each other.
    """
    flags: set[str] = set()
    found: Treatment | ListTreatment | None = None
    prior_role: str | None = None
    label: LabelTag | None = None
    default: str | None = None
    truth: str | None = None
    ticks = 1
    for tag in tags:
        name, _, text = tag.partition(":")
        if name == "label":
            if label is not None:
                raise ContractError(f"feature '{feature}' has two label tags; keep one")
            label = _label(feature, tag)
        elif name in KINDS:
            if found is not None:
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': it has another treatment already; keep one"
                )
            found = read_treatment(feature, tag, name, text)
        elif name == "prior":
            if text and text not in PRIOR_ROLES:
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': unknown role '{text}'; "
                    f"{nearest(text, PRIOR_ROLES)}"
                )
            flags.add(name)
            prior_role = text or prior_role
        elif name == "train_only":
            # The value may hold commas.
            key, _, default = text.partition("=")
            if key and key != "default":
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': unknown argument '{key}'; "
                    f"{nearest(key, ('default',))}"
                )
            if not default:
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': write 'train_only:default=VALUE', "
                    "the value that serving uses"
                )
        elif name == "truth":
            if not text:
                raise ContractError(f"feature '{feature}', tag '{tag}': write 'truth:OUTPUT'")
            truth = text
        elif name == "timestamp":
            unit = arguments(feature, tag, text, ("unit",)).get("unit", "s")
            if unit not in TIME_UNITS:
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': unknown unit '{unit}'; "
                    f"write one of {', '.join(TIME_UNITS)}"
                )
            flags.add(name)
            ticks = TIME_UNITS[unit]
        elif name in _FLAGS:
            if text:
                raise ContractError(f"feature '{feature}', tag '{tag}': '{name}' takes no value")
            flags.add(name)
        else:
            raise ContractError(
                f"feature '{feature}': unknown tag '{tag}'; {nearest(name, KNOWN_TAGS)}"
            )
    if len(flags & set(SIDES)) > 1:
        raise ContractError(f"feature '{feature}' is tagged as more than one of {', '.join(SIDES)}")
    of_list = found if isinstance(found, ListTreatment) else None
    of_value = None if isinstance(found, ListTreatment) else found
    return Tags(frozenset(flags), of_value, label, default, truth, ticks, of_list, prior_role)
