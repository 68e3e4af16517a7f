import json

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import standard_artifacts

from components.artifacts import DataBlessing
from components.data_gate.component import DataGate
from components.data_gate.executor import Executor
from schemas.errors import BadDataError


@pytest.fixture
def gate(tmp_path):
    """Runs the executor over the anomalies of some splits; returns the blessing."""

    def run(splits: dict[str, anomalies_pb2.Anomalies]):
        anomalies, blessing = standard_artifacts.ExampleAnomalies(), DataBlessing()
        anomalies.uri, blessing.uri = str(tmp_path / "anomalies"), str(tmp_path / "blessing")
        anomalies.split_names = json.dumps(list(splits))
        for name, proto in splits.items():
            folder = tmp_path / "anomalies" / f"Split-{name}"
            folder.mkdir(parents=True)
            (folder / "SchemaDiff.pb").write_bytes(proto.SerializeToString())
        Executor().Do({"anomalies": [anomalies]}, {"blessing": [blessing]}, {"code_digest": "x"})
        return blessing

    return run


def test_clean_splits_are_blessed(gate, tmp_path):
    blessing = gate({"train": anomalies_pb2.Anomalies(), "eval": anomalies_pb2.Anomalies()})
    assert blessing.get_int_custom_property("blessed") == 1
    written = json.loads((tmp_path / "blessing" / "blessing.json").read_text())
    assert written == {"blessed": True, "splits": ["train", "eval"]}


def test_an_anomaly_names_split_feature_and_description(gate, tmp_path):
    bad = anomalies_pb2.Anomalies()
    bad.anomaly_info["age"].short_description = "Column dropped"
    bad.anomaly_info["age"].description = "Column is completely missing"
    bad.anomaly_info["place"].short_description = "Unexpected string values"
    bad.anomaly_info["place"].description = "Examples contain values missing: cart (~1%)."
    with pytest.raises(BadDataError) as error:
        gate({"train": anomalies_pb2.Anomalies(), "eval": bad})
    lines = str(error.value).splitlines()
    assert "2 anomalies" in lines[0]
    assert lines[1] == (
        "  split 'eval', feature 'age': Column dropped: Column is completely missing"
    )
    assert lines[2] == (
        "  split 'eval', feature 'place': Unexpected string values: "
        "Examples contain values missing: cart (~1%)."
    )
    assert not (tmp_path / "blessing").exists()


def test_an_anomaly_of_the_whole_data_set_is_one(gate):
    bad = anomalies_pb2.Anomalies()
    bad.dataset_anomaly_info.short_description = "Low num examples in dataset."
    bad.dataset_anomaly_info.description = "The dataset has 3 examples, fewer than 100."
    with pytest.raises(BadDataError, match="1 anomaly.*\n.*the whole data set: Low num examples"):
        gate({"train": bad})


def test_a_split_without_data_is_refused(gate):
    with pytest.raises(BadDataError, match="split 'eval'.*no data"):
        gate({"eval": anomalies_pb2.Anomalies(data_missing=True)})


def test_no_split_is_refused(gate):
    with pytest.raises(BadDataError, match="no split was validated"):
        gate({})


def test_the_component_is_wired():
    from tfx.types import channel

    component = DataGate(channel.Channel(type=standard_artifacts.ExampleAnomalies), "digest")
    assert component.exec_properties == {"code_digest": "digest"}
    assert component.outputs["blessing"].type is DataBlessing
