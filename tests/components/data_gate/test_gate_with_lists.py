"""What TFDV makes of lists: gaps and any length are in the contract, other lengths are not."""

import pyarrow as pa
import pytest

from common.tfx_compat import tfdv
from components.data_gate.anomalies import anomalies_of
from components.data_gate.learnable import unlearnable
from schemas.contract import parse_schema, read_contract

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
default_environment: "TRAINING"
default_environment: "SERVING"
feature {{ name: "item" type: INT {_ONE} annotation {{ tag: "id" }} }}
feature {{ name: "click" type: INT {_ONE} not_in_environment: "SERVING"
  annotation {{ tag: "label:click" }} }}
feature {{ name: "hist" type: INT value_count {{ min: 0 }}
  annotation {{ tag: "sequence:of=item" }} }}
feature {{ name: "tags" type: BYTES value_count {{ min: 0 }}
  annotation {{ tag: "multi_value:weights=scores" }} }}
feature {{ name: "scores" type: FLOAT value_count {{ min: 0 }} }}
feature {{ name: "maybe" type: FLOAT value_count {{ min: 2 max: 2 }}
  annotation {{ tag: "vector:dim=2" }} }}
feature {{ name: "dense" type: FLOAT presence {{ min_fraction: 1 }} shape {{ dim {{ size: 2 }} }}
  annotation {{ tag: "vector:dim=2" }} }}
"""
ROWS = {
    "item": ([[1], [2], [1], [2]], pa.int64()),
    "click": ([[0], [1], [1], [0]], pa.int64()),
    "hist": ([[1, 2, 3], None, [], [4]], pa.int64()),
    "tags": ([[b"a"], None, [], [b"b", b"a"]], pa.binary()),
    "scores": ([[1.0], None, [], [2.0, 0.5]], pa.float32()),
    "maybe": ([None, [1.0, 2.0], None, [3.0, 4.0]], pa.float32()),
    "dense": ([[1.0, 2.0]] * 4, pa.float32()),
}


def looked_at(**changes):
    """The anomalies of rows, and what no model can learn of them."""
    rows = ROWS | {name: (values, ROWS[name][1]) for name, values in changes.items()}
    arrays = [pa.array(values, pa.large_list(kind)) for values, kind in rows.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(rows))
    schema = parse_schema(SCHEMA)
    options = tfdv.StatsOptions(feature_allowlist=list(rows))
    statistics = tfdv.statistics.stats_impl.generate_statistics_in_memory(batch, options)
    anomalies = tfdv.validate_statistics(statistics, schema, environment="TRAINING")
    found = anomalies_of("train", anomalies)
    learnable = unlearnable(read_contract(schema), "train", statistics.datasets[0])
    return [(x.feature, x.short) for x in found], learnable


def test_lists_of_any_length_and_missing_vectors_are_in_the_contract():
    assert looked_at() == ([], [])


def test_lists_that_are_empty_in_every_row_are_too():
    assert looked_at(hist=[[], [], [], []], tags=[None] * 4, scores=[None] * 4) == ([], [])


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"maybe": [[1.0, 2.0, 3.0], None, None, [1.0, 2.0]]}, "maybe"),
        ({"dense": [[1.0, 2.0], [1.0], [1.0, 2.0], [1.0, 2.0]]}, "dense"),
        ({"dense": [[1.0, 2.0], None, [1.0, 2.0], [1.0, 2.0]]}, "dense"),
    ],
)
def test_vectors_of_another_length_and_required_ones_that_are_missing_are_named(changes, feature):
    anomalies, _ = looked_at(**changes)
    assert [name for name, _ in anomalies] == [feature]
