"""Raw rows of examples with lists."""

import numpy as np
import ranking_samples
from tfx.types import standard_artifacts

from components.common.raw_rows import joined, raw_batches, row_ids
from models.features.preprocessing import MISSING
from schemas.contract import parse_schema, read_contract

LISTS = """
feature { name: "item no" type: INT annotation { tag: "item" tag: "id" } }
feature { name: "hist" type: INT value_count { min: 0 } annotation { tag: "sequence:of=item no" } }
feature { name: "tags" type: BYTES value_count { min: 0 }
  annotation { tag: "multi_value:weights=scores" } }
feature { name: "scores" type: FLOAT value_count { min: 0 } }
feature { name: "dense" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "vector:dim=2" } }
"""
CONTRACT = read_contract(parse_schema(ranking_samples.SCHEMA + LISTS))


def lists(values, kind):
    found = np.empty(len(values), object)
    found[:] = [None if x is None else np.array(x, kind) for x in values]
    return found


def read(tmp_path, columns, max_rows):
    rows = ranking_samples.make_rows(5)
    rows["row__id"] = np.arange(5) + 70
    rows["item no"] = lists([[4], None, [6], [7], [8]], np.int64)
    rows["hist"] = lists([[1, 2], [], None, [3], [4, 5, 6]], np.int64)
    rows["tags"] = lists([[b"a"], [b"bb", b"c"], None, [], [b"d"]], "S2")
    rows["scores"] = lists([[0.5], [1, 2], None, [], [3]], np.float32)
    rows["dense"] = lists([[1, 2], None, [], [3, 4], [5, 6]], np.float32)
    (tmp_path / "Split-train").mkdir()
    ranking_samples.write_examples(str(tmp_path / "Split-train" / "data.gz"), rows)
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path), '["train"]'
    examples.set_int_custom_property("rows_train", 5)
    batches = list(raw_batches(CONTRACT, columns, examples, "train", max_rows))
    held = joined(batch.columns for batch in batches)
    return held, np.concatenate([row_ids(CONTRACT, batch) for batch in batches])


def test_lists_are_values_end_to_end_and_how_many_each_row_has(tmp_path):
    columns = [CONTRACT.column("item no"), *CONTRACT.list_columns]
    held, ids = read(tmp_path, columns, max_rows=5)
    item = CONTRACT.column("item no").graph_name
    assert held[item].tolist() == [4, MISSING["int"], 6, 7, 8]
    wanted = {
        "hist": ([1, 2, 3, 4, 5, 6], [2, 0, 0, 1, 3]),
        "tags": ([b"a", b"bb", b"c", b"d"], [1, 2, 0, 0, 1]),
        "scores": ([0.5, 1.0, 2.0, 3.0], [1, 2, 0, 0, 1]),
        "dense": ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 0, 0, 2, 2]),
    }
    for name, (values, lengths) in wanted.items():
        assert held[name].tolist() == values
        assert held[f"{name} lengths"].tolist() == lengths
        assert held[f"{name} lengths"].dtype == np.int64
    assert ids.tolist() == [70, 71, 72, 73, 74]


def test_rows_are_thinned_with_their_lists(tmp_path):
    held, ids = read(tmp_path, CONTRACT.list_features, max_rows=3)
    assert ids.tolist() == [70, 72, 74]
    assert (held["hist"].tolist(), held["hist lengths"].tolist()) == ([1, 2, 4, 5, 6], [2, 0, 3])


def test_lists_that_are_not_wanted_are_not_read(tmp_path):
    held, _ = read(tmp_path, (), max_rows=5)
    assert not any("hist" in name for name in held)
