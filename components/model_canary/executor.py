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

from common.atomic_files import write_whole
from common.json_files import write_json
from common.settings import parse
from components.common.artifact_reading import contract_of, read_json
from components.model_canary.config import CanaryConfig
from components.model_canary.recorded import Recorded
from schemas.contract import Contract

_LOG = logging.getLogger(__name__)
_PROGRESS = logging.getLogger("polyrank.progress")


class Executor(base_executor.BaseExecutor):
    """Serves the candidate and asks it the trainer's canary rows; gives or refuses the blessing."""

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
        examined = blessing.get_int_custom_property("blessed") == 1
        if not examined:
            found: dict[str, Any] = {"reasons": ["PromotionGate did not bless the model."]}
        else:
            found = _canary(
                contract_of(input_dict["schema"]),
                path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"])),
                artifact_utils.get_single_instance(input_dict["baseline_model"]),
                f"{artifact_utils.get_single_uri(input_dict['model_run'])}/canary",
                parse(CanaryConfig, json.loads(exec_properties["canary"]), "canary"),
            )
        blessed = not found["reasons"]
        for reason in found["reasons"]:
            _LOG.warning("canary: %s", reason)
        for warning in found.get("latency", {}).get("warnings", ()):
            _PROGRESS.warning("%s", warning)
        write_json(f"{infra.uri}/canary.json", {"blessed": blessed, **found})
        verdict = "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED"
        write_whole(f"{infra.uri}/{verdict}", "")
        infra.set_int_custom_property("blessed", int(blessed))
        infra.set_int_custom_property("examined", int(examined))
        if examined and not blessed:
            infra.set_string_custom_property("note", "refused")
        elif "latency" in found:
            infra.set_string_custom_property("note", _note(found["latency"]))


def _canary(
    contract: Contract, model_path: str, baseline: Any, canary_uri: str, config: CanaryConfig
) -> dict[str, Any]:
    # Heavy, and not needed for a model that was refused.
    import tensorflow as tf

    from components.model_canary.examine import examine
    from components.model_canary.servers import served
    from components.model_canary.size import bytes_on_disk, size_problems
    from models.export.saved_model import dense_columns
    from serving.errors import ServingError

    examples = [
        record.numpy() for record in tf.data.TFRecordDataset(f"{canary_uri}/examples.tfrecord")
    ]
    size = bytes_on_disk(model_path)
    tolerance = config.tolerance(read_json(canary_uri, "canary.json")["precision"])
    found = {"rows": len(examples), "tolerance": tolerance, "bytes": size}
    if not examples:
        return {**found, "reasons": ["The trainer left no canary rows; set canary_rows above 0."]}
    too_large = size_problems(size, config.bytes_at_most)
    if too_large:
        return {**found, "reasons": too_large}
    with fileio.open(f"{canary_uri}/scores.npz", "rb") as file:
        expected = dict(np.load(io.BytesIO(file.read())))
    recorded = Recorded(examples, dense_columns(contract, examples), expected)
    exists = baseline.get_int_custom_property("exists") == 1
    live_path = path_utils.serving_model_path(baseline.uri) if exists else None
    try:
        with served(model_path, live_path, config.timeout_seconds) as (client, live):
            seen, reasons = examine(contract, client, live, recorded, tolerance, config)
    except ServingError as error:
        return {**found, "reasons": [str(error)]}
    if "latency" in seen:
        key = "version" if exists else "reason"
        seen["latency"]["live"][key] = baseline.get_string_custom_property(key)
    return {**found, **seen, "reasons": reasons}


def _note(latency: dict[str, Any]) -> str:
    """The medians on one line; what matters most is whether requests take longer than before."""
    median = latency["candidate"]["milliseconds_p50"]
    live = latency["live"].get("milliseconds_p50")
    compared = "" if live is None else f"; the live version's {live:.2f} ms"
    doubt = "; perhaps above the budget" if latency["warnings"] else ""
    return f"median of {latency['rows']}-row requests {median:.2f} ms{compared}{doubt}"
