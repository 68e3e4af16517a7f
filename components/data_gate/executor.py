"""The executor of DataGate."""

from __future__ import annotations

from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from common.errors import BadDataError
from common.json_files import write_json
from common.names import TRAIN
from components.common.artifact_reading import contract_of
from components.data_gate.anomalies import Anomaly, anomalies_of, refusal
from components.data_gate.learnable import unknown_labels, unlearnable

_FILE = "SchemaDiff.pb"
_STATISTICS = "FeatureStats.pb"


class Executor(base_executor.BaseExecutor):
    """Reads the anomalies of every split and the train rows' statistics; blesses or raises."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Checks the anomalies.

        Raises:
          BadDataError: there are anomalies, with split, feature and description of each; or
            the train rows are all alike where they must not be; or no row of a split has a label.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        artifact = artifact_utils.get_single_instance(input_dict["anomalies"])
        splits = artifact_utils.decode_split_names(artifact.split_names)
        if not splits:
            raise BadDataError("no split was validated: ExampleValidator excluded them all")
        found: list[Anomaly] = []
        for split in splits:
            path = f"{artifact_utils.get_split_uri([artifact], split)}/{_FILE}"
            proto = anomalies_pb2.Anomalies()
            with fileio.open(path, "rb") as file:
                proto.ParseFromString(file.read())
            found += anomalies_of(split, proto)
        if found:
            raise BadDataError(refusal(found))
        _check_that_there_is_something_to_learn(input_dict)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessing.set_int_custom_property("blessed", 1)
        write_json(f"{blessing.uri}/blessing.json", {"blessed": True, "splits": splits})


def _check_that_there_is_something_to_learn(input_dict: dict[str, list[Any]]) -> None:
    contract = contract_of(input_dict["schema"])
    statistics = artifact_utils.get_single_instance(input_dict["statistics"])
    found = unlearnable(contract, TRAIN, _statistics_of(statistics, TRAIN))
    for split in artifact_utils.decode_split_names(statistics.split_names):
        found += unknown_labels(contract, split, _statistics_of(statistics, split))
    if found:
        raise BadDataError("\n  ".join(["no model can be learned from this log:", *found]))


def _statistics_of(statistics: Any, split: str) -> Any:
    """Returns the DatasetFeatureStatistics of a split."""
    path = f"{artifact_utils.get_split_uri([statistics], split)}/{_STATISTICS}"
    proto = statistics_pb2.DatasetFeatureStatisticsList()
    with fileio.open(path, "rb") as file:
        proto.ParseFromString(file.read())
    return proto.datasets[0]
