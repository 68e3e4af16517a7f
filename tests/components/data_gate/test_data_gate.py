import json

import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.types import standard_artifacts

from common.errors import BadDataError
from components.common.artifacts import DataBlessing
from components.data_gate.component import DataGate
from components.data_gate.executor import Executor
from schemas.contract import parse_schema, read_contract

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "user" type: BYTES {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "place" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" value: "search" }} }}
feature {{ name: "is_click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
"""


def _statistics(clicks=(0, 1), places=("home", "search"), users=("a", "b"), buys=(0, 3)):
    """What StatisticsGen writes of rows with these values."""
    proto = statistics_pb2.DatasetFeatureStatisticsList()
    rows = proto.datasets.add(num_examples=40)
    for name, values in {"is_click": clicks, "buys": buys}.items():
        label = rows.features.add()
        label.path.step.append(name)
        label.num_stats.common_stats.num_non_missing = len(values)
        if values:
            label.num_stats.min, label.num_stats.max = min(values), max(values)
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

    def run(
        splits: dict[str, anomalies_pb2.Anomalies], schema_text=SCHEMA, eval_buys=(0, 3), **values
    ):
        anomalies, blessing = standard_artifacts.ExampleAnomalies(), DataBlessing()
        anomalies.uri, blessing.uri = str(tmp_path / "anomalies"), str(tmp_path / "blessing")
        anomalies.split_names = json.dumps(list(splits))
        for name, proto in splits.items():
            folder = tmp_path / "anomalies" / f"Split-{name}"
            folder.mkdir(parents=True)
            (folder / "SchemaDiff.pb").write_bytes(proto.SerializeToString())
        statistics, schema = standard_artifacts.ExampleStatistics(), standard_artifacts.Schema()
        statistics.uri, schema.uri = str(tmp_path / "statistics"), str(tmp_path / "schema")
        statistics.split_names = json.dumps(["train", "eval"])
        for split, changes in {"train": values, "eval": {"buys": eval_buys}}.items():
            folder = tmp_path / "statistics" / f"Split-{split}"
            folder.mkdir(parents=True)
            (folder / "FeatureStats.pb").write_bytes(_statistics(**changes).SerializeToString())
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(schema_text)
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


def test_an_anomaly_names_the_feature_as_the_schema_does(gate):
    bad = anomalies_pb2.Anomalies()
    bad.anomaly_info["'item.id'"].description = "Examples contain values missing."
    bad.anomaly_info["'item.id'"].path.step.append("item.id")
    with pytest.raises(BadDataError, match="split 'eval', feature 'item.id': : Examples"):
        gate({"eval": bad})


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


@pytest.mark.parametrize(
    ("tag", "values", "told"),
    [
        ("label:buy above:0", {"buys": (0, 0)}, "is at most 0 in all 2 rows of split 'train' th"),
        ("label:buy above:2.5", {"buys": (3, 9)}, "is above 2.5 in all 2 rows of split 'train'"),
        ("label:buy above:-1", {"buys": (-1, -3)}, "is at most -1 in all 2 rows of split 't"),
        ("label:buy above:0", {"buys": ()}, "is missing in all 40 rows of split 'train', so"),
        ("label:buy above:0", {"eval_buys": ()}, "is missing in all 40 rows of split 'eval', so"),
        ("label:buy above:0", {}, None),
        ("label:buy above:2", {}, None),
    ],
)
def test_a_label_with_a_threshold_and_gaps_must_be_known_and_have_both(gate, tag, values, told):
    text = SCHEMA + f'feature {{ name: "buys" type: INT annotation {{ tag: "{tag}" }} }}'
    if told is None:
        assert gate(CLEAN, text, **values).get_int_custom_property("blessed") == 1
        return
    with pytest.raises(BadDataError) as error:
        gate(CLEAN, text, **values)
    first, second = str(error.value).splitlines()
    assert second.strip().startswith(f"column 'buys' (label:buy) {told}")


def test_a_float_label_is_held_against_its_threshold_as_float32(gate):
    text = SCHEMA + 'feature { name: "buys" type: FLOAT annotation { tag: "label:buy above:0.1" } }'
    # As float64 this value is above 0.1.
    tenth = float(np.float32(0.1))
    with pytest.raises(BadDataError, match=r"is at most 0\.1 in all 2 rows of split 'train' that"):
        gate(CLEAN, text, buys=(0, tenth))


def test_the_statistics_of_a_label_that_no_row_has():
    """As TFDV makes them: nothing is there but the number of missing rows."""
    import pyarrow as pa

    from common.tfx_compat import tfdv
    from components.data_gate.learnable import unknown_labels, unlearnable

    text = SCHEMA + 'feature { name: "buys" type: INT annotation { tag: "label:buy above:0" } }'
    contract = read_contract(parse_schema(text))
    columns = {
        "time": [[1], [2], [3]],
        "user": [[b"a"], [b"b"], [b"c"]],
        "place": [[b"home"], [b"search"], [b"home"]],
        "is_click": [[0], [1], [1]],
    }

    def statistics(buys):
        arrays = {name: pa.array(values) for name, values in columns.items()}
        arrays["buys"] = pa.array(buys, pa.list_(pa.int64()))
        options = tfdv.StatsOptions(schema=parse_schema(text))
        batch = pa.RecordBatch.from_pydict(arrays)
        in_memory = tfdv.statistics.stats_impl.generate_statistics_in_memory
        return in_memory(batch, options).datasets[0]

    none = statistics([None, None, None])
    assert unlearnable(contract, "train", none) == []
    (words,) = unknown_labels(contract, "eval", none)
    assert words == (
        "column 'buys' (label:buy) is missing in all 3 rows of split 'eval', so that no model can "
        "be trained and judged by it: end the window where it is known (window.end), take more "
        "spans, or drop its tag"
    )
    some = statistics([None, [0], [-1]])
    assert unknown_labels(contract, "eval", some) == []
    (words,) = unlearnable(contract, "train", some)
    assert words.startswith(
        "column 'buys' (label:buy) is at most 0 in all 2 rows of split 'train' that have it"
    )


@pytest.mark.parametrize("values", [(0, 2**63 - 1), (-(2**63), 2**63 - 1), (2**62, 2**63 - 1)])
def test_a_label_may_hold_the_largest_integer(values):
    """Statistics hold doubles: this one is 2**63 there, which is no int64."""
    from tensorflow_metadata.proto.v0 import statistics_pb2

    from components.data_gate.learnable import unlearnable

    text = SCHEMA + 'feature { name: "buys" type: INT annotation { tag: "label:buy above:0" } }'
    contract = read_contract(parse_schema(text))
    statistics = statistics_pb2.DatasetFeatureStatistics(num_examples=2)
    for column in ("is_click", "buys"):
        feature = statistics.features.add()
        feature.path.step.append(column)
        feature.num_stats.common_stats.num_non_missing = 2
        feature.num_stats.min, feature.num_stats.max = values if column == "buys" else (0, 1)
    for column in ("user", "place"):
        feature = statistics.features.add()
        feature.path.step.append(column)
        feature.string_stats.unique = 2
    found = unlearnable(contract, "train", statistics)
    alike = [
        "column 'buys' (label:buy) is above 0 in all 2 rows of split 'train' that have it: nothing "
        "can be learned of it; take more spans, correct the log, or drop its tag"
    ]
    assert found == (alike if values[0] > 0 else [])


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
