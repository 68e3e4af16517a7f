"""When a column's value is known: a model may only read what a request can carry."""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.tags import ContractError, Tags
from schemas.treatments import KINDS

_SERVING = "SERVING"


def left_out_of_serving(schema: schema_pb2.Schema, feature: schema_pb2.Feature) -> bool:
    """Whether the schema says that a feature is not there in the environment SERVING."""
    if _SERVING in feature.in_environment:
        return False
    environments = schema.default_environment
    return _SERVING in feature.not_in_environment or (
        bool(environments) and _SERVING not in environments
    )


def check_when_known(feature: str, tags: Tags, left_out: bool) -> None:
    """Refuses a model input that is known only once the impression has been shown.

    Args:
      feature: its name.
      tags: its tags.
      left_out: `left_out_of_serving` of it.

    Raises:
      ContractError: it is an input by one tag and known too late by another.
    """
    late = "after_impression" if "after_impression" in tags.flags else None
    if tags.truth is not None:
        late = f"truth:{tags.truth}"
    if late and tags.train_only_default is not None:
        raise ContractError(
            f"feature '{feature}': '{late}' (never an input) and 'train_only' (an input in "
            "training) exclude each other; keep one"
        )
    read_as = "scenario" if "scenario" in tags.flags else None
    if tags.treatment is not None:
        read_as = type(tags.treatment).__name__.lower()
    if tags.list_treatment is not None:
        read_as = next(tag for tag, kind in KINDS.items() if type(tags.list_treatment) is kind)
    if read_as is None:
        return
    if late:
        raise ContractError(
            f"feature '{feature}' is known only after the impression ('{late}') and is a model "
            f"input ('{read_as}'): drop '{read_as}', since no request can carry it"
        )
    if left_out and tags.list_treatment is not None:
        raise ContractError(
            f"feature '{feature}' is a model input ('{read_as}') that the schema leaves out of "
            f"the environment {_SERVING}, so no request carries it: drop '{read_as}'"
        )
    if left_out and tags.train_only_default is None:
        raise ContractError(
            f"feature '{feature}' is a model input ('{read_as}') that the schema leaves out of "
            f"the environment {_SERVING}, so no request carries it: drop '{read_as}', or add "
            "'train_only:default=VALUE', the value that serving uses"
        )
