"""The executor of ModelCanary."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifact_reading import contract_of, read_json, write_json, write_text
from components.model_canary.compare import Comparison, compare
from components.model_canary.config import CanaryConfig
from schemas.contract import Contract
from schemas.settings import parse

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Replays the trainer's canary rows; gives or refuses the infra blessing."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes canary.json and the infra blessing; a refusal is a successful execution."""
        self._log_startup(input_dict, output_dict, exec_properties)
        infra = artifact_utils.get_single_instance(output_dict["infra_blessing"])
        blessing = artifact_utils.get_single_instance(input_dict["blessing"])
        if blessing.get_int_custom_property("blessed") != 1:
            found: dict[str, Any] = {"reasons": ["PromotionGate did not bless the model."]}
        else:
            found = _canary(
                contract_of(input_dict["schema"]),
                path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"])),
                f"{artifact_utils.get_single_uri(input_dict['model_run'])}/canary",
                parse(CanaryConfig, json.loads(exec_properties["canary"]), "canary"),
            )
        blessed = not found["reasons"]
        for reason in found["reasons"]:
            _LOG.warning("canary: %s", reason)
        write_json(infra.uri, "canary.json", {"blessed": blessed, **found})
        write_text(infra.uri, "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED")
        infra.set_int_custom_property("blessed", int(blessed))


def _canary(
    contract: Contract, model_path: str, canary_uri: str, config: CanaryConfig
) -> dict[str, Any]:
    # Heavy, and not needed for a model that was refused.
    import tensorflow as tf

    from components.model_canary.replay import SIGNATURES, replay
    from serving.errors import ServingError

    examples = [
        record.numpy() for record in tf.data.TFRecordDataset(f"{canary_uri}/examples.tfrecord")
    ]
    tolerance = config.tolerance(read_json(canary_uri, "canary.json")["precision"])
    found: dict[str, Any] = {"rows": len(examples), "tolerance": tolerance}
    if not examples:
        return {**found, "reasons": ["The trainer left no canary rows; set canary_rows above 0."]}
    with fileio.open(f"{canary_uri}/scores.npz", "rb") as file:
        expected = dict(np.load(io.BytesIO(file.read())))
    try:
        answers = replay(contract, model_path, examples, config)
    except ServingError as error:
        return {**found, "reasons": [str(error)]}
    reasons: list[str] = []
    for signature in SIGNATURES:
        if signature not in answers.scores:
            reasons.append(f"The model has no signature {signature}.")
            continue
        comparison = compare(signature, expected, answers.scores[signature], tolerance)
        reasons += comparison.problems
        found[signature] = _facts(comparison, answers.milliseconds[signature])
    return {**found, "reasons": reasons}


def _facts(comparison: Comparison, milliseconds: np.ndarray) -> dict[str, Any]:
    largest = comparison.largest_difference
    return {
        "largest_difference": largest if largest is not None and np.isfinite(largest) else None,
        "requests": len(milliseconds),
        "milliseconds_median": float(np.median(milliseconds)),
        "milliseconds_max": float(milliseconds.max()),
    }
