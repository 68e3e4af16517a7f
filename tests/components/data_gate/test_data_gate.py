import json

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.types import standard_artifacts

from common.errors import BadDataError
from components.common.artifacts import DataBlessing
from components.data_gate.component import DataGate
from components.data_gate.executor import Executor

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "user" type: BYTES {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "place" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" value: "search" }} }}
feature {{ name: "is_click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
"""


def _statistics(clicks=(0, 1), places=("home", "search"), users=("a", "b")):
    """What StatisticsGen writes of rows with these values."""
    proto = statistics_pb2.DatasetFeatureStatisticsList()
    rows = proto.datasets.add(num_examples=40)
    click = rows.features.add()
    click.path.step.append("is_click")
    click.num_stats.min, click.num_stats.max = min(clicks), max(clicks)
    for name, values in {"place": places, "user": users}.items():
        column = rows.features.add()
        column.path.step.append(name)
        column.string_stats.unique = len(values)
        for value in values:
            column.string_stats.top_values.add(value=value)
    return proto


@pytest.fixture
def gate(tmp_path):
    """Runs the executor over the anomalies of some splits; returns the blessing."""

    def run(splits: dict[str, anomalies_pb2.Anomalies], **values):
        anomalies, blessing = standard_artifacts.ExampleAnomalies(), DataBlessing()
        anomalies.uri, blessing.uri = str(tmp_path / "anomalies"), str(tmp_path / "blessing")
        anomalies.split_names = json.dumps(list(splits))
        for name, proto in splits.items():
            folder = tmp_path / "anomalies" / f"Split-{name}"
            folder.mkdir(parents=True)
            (folder / "SchemaDiff.pb").write_bytes(proto.SerializeToString())
        statistics, schema = standard_artifacts.ExampleStatistics(), standard_artifacts.Schema()
        statistics.uri, schema.uri = str(tmp_path / "statistics"), str(tmp_path / "schema")
        statistics.split_names = json.dumps(["train"])
        (tmp_path / "statistics" / "Split-train").mkdir(parents=True)
        path = tmp_path / "statistics" / "Split-train" / "FeatureStats.pb"
        path.write_bytes(_statistics(**values).SerializeToString())
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
        inputs = {"anomalies": [anomalies], "statistics": [statistics], "schema": [schema]}
        Executor().Do(inputs, {"blessing": [blessing]}, {"code_digest": "x"})
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


CLEAN = {"train": anomalies_pb2.Anomalies()}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"clicks": (0,)}, "column 'is_click' (label:click) is 0 in all 40 rows of split 'train'"),
        ({"clicks": (1,)}, "column 'is_click' (label:click) is 1 in all 40 rows of split 'train'"),
        ({"places": ["home"]}, "column 'place' (scenario) is 'home' in all 40 rows"),
        ({"users": ["a"]}, "column 'user' (user_id) is 'a' in all 40 rows"),
    ],
)
def test_rows_that_are_all_alike_teach_nothing(gate, tmp_path, values, told):
    with pytest.raises(BadDataError) as error:
        gate(CLEAN, **values)
    first, second = str(error.value).splitlines()
    assert first == "no model can be learned from this log:"
    assert second.strip().startswith(told)
    assert not (tmp_path / "blessing").exists()


def test_everything_that_is_alike_is_told_at_once(gate):
    with pytest.raises(BadDataError) as error:
        gate(CLEAN, clicks=(0,), places=["home"], users=["a"])
    assert len(str(error.value).splitlines()) == 4


def test_the_component_is_wired():
    from tfx.types import channel

    kinds = ("ExampleAnomalies", "ExampleStatistics", "Schema")
    inputs = [channel.Channel(type=getattr(standard_artifacts, kind)) for kind in kinds]
    component = DataGate(*inputs, "digest")
    assert component.exec_properties == {"code_digest": "digest"}
    assert component.outputs["blessing"].type is DataBlessing
