"""The grammar of a feature's annotation tags.

A tag is ``name``, ``name:value`` or ``name:key=value,key=value``; the parts of
a label tag are separated by blanks: ``label:action given:click above:0``.
"""

from __future__ import annotations

import dataclasses
import math

from common.errors import PolyrankError
from common.suggestions import nearest

SIDES = ("user", "item", "context")
_FLAGS = (
    *SIDES,
    "scenario",
    "user_id",
    "prior",
    "span",
    "weight",
    "sampling_rate",
    "after_impression",
)
_TREATMENTS = ("id", "categorical", "numeric")
_LABEL_PARTS = ("label", "given", "after", "above")
TIME_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000}
KNOWN_TAGS = (*_FLAGS, *_TREATMENTS, "label", "train_only", "truth", "timestamp")


class ContractError(PolyrankError, ValueError):
    """A data contract that can't be used: says which feature, which tag and the fix."""


@dataclasses.dataclass(frozen=True)
class Id:
    """A column of high cardinality: a vocabulary learned from the log.

    Attributes:
      min_count: tokens seen less often share the out-of-vocabulary buckets.
      oov: number of hash buckets for tokens outside the vocabulary (>= 1).
      dim: embedding width, or None for the model's own.
    """

    min_count: int = 1
    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A column of few values: those of its domain, or a vocabulary where it has none."""

    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A number: z-scored, and cut into `buckets` quantiles as a field if `buckets` > 0."""

    buckets: int = 0
    dim: int | None = None


Treatment = Id | Categorical | Numeric


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
      flags: the tags without arguments, and `timestamp`.
      treatment: how Transform treats the feature, or None for no model input.
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


def _arguments(feature: str, tag: str, text: str, known: tuple[str, ...]) -> dict[str, str]:
    arguments = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in known:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': unknown argument '{key}'; {nearest(key, known)}"
            )
        if not equals or not value:
            raise ContractError(f"feature '{feature}', tag '{tag}': write '{key}=VALUE'")
        arguments[key] = value
    return arguments


def _treatment(feature: str, tag: str, name: str, text: str) -> Treatment:
    kinds: dict[str, type[Treatment]] = {"id": Id, "categorical": Categorical, "numeric": Numeric}
    minimum = {"min_count": 1, "oov": 1, "dim": 1, "buckets": 0}
    kind = kinds[name]
    fields = tuple(field.name for field in dataclasses.fields(kind))
    values: dict[str, int] = {}
    for key, value in _arguments(feature, tag, text, fields).items():
        whole = value.isascii() and value.isdigit()
        if not whole or int(value) < minimum[key]:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': {key} is '{value}'; "
                f"write a whole number of at least {minimum[key]}"
            )
        values[key] = int(value)
    return kind(**values)


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
    treatment: Treatment | None = None
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
        elif name in _TREATMENTS:
            if treatment is not None:
                raise ContractError(
                    f"feature '{feature}', tag '{tag}': it has another treatment already; keep one"
                )
            treatment = _treatment(feature, tag, name, text)
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
            unit = _arguments(feature, tag, text, ("unit",)).get("unit", "s")
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
    return Tags(frozenset(flags), treatment, label, default, truth, ticks)
