"""Lists of fixed size in Parquet, with rows that have none: as Polars writes them."""

import base64

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.log.formats.parquet_file import ParquetFile

ROWS = {"v": [[1.0, 2.0], None, [3.0, 4.0]], "k": ["a", "b", "ARROW:schema"]}


def _written(path):
    """Arrow does not write such a file: its note of a plain list is replaced by another's."""
    plain = pa.table({"v": pa.array(ROWS["v"], pa.list_(pa.float32())), "k": pa.array(ROWS["k"])})
    fixed = pa.schema({"v": pa.list_(pa.float32(), 2), "k": pa.large_string()})
    note = {"PLACE:schema": base64.b64encode(fixed.serialize().to_pybytes())}
    pq.write_table(plain.replace_schema_metadata(note), path, row_group_size=2)
    content = path.read_bytes()
    end = content.rindex(b"ARROW:schema")
    content = content[:end] + b"OTHER:schema" + content[end + 12 :]
    path.write_bytes(content.replace(b"PLACE:schema", b"ARROW:schema"))


def test_a_missing_list_of_fixed_size_is_null(tmp_path):
    path = tmp_path / "a.parquet"
    _written(path)
    # Arrow itself can't.
    assert pq.ParquetFile(path).schema_arrow.field("v").type == pa.list_(pa.float32(), 2)
    with pytest.raises(pa.ArrowInvalid, match="Expected all lists to be of size"):
        pq.read_table(path)
    file = ParquetFile(str(path), "a.parquet")
    assert file.schema.field("v").type.value_type == pa.float32()
    batches = [batch for group in range(2) for batch in file.batches(group, ["k", "v"], 1)]
    found = pa.Table.from_batches(batches).to_pydict()
    assert found == ROWS
    assert file.take(0, np.array([1])).column("v").to_pylist() == [None]


def test_whole_lists_of_fixed_size_are_read_too(tmp_path):
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    array = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 3)
    pq.write_table(pa.table({"v": array}), tmp_path / "b.parquet")
    file = ParquetFile(str(tmp_path / "b.parquet"), "b.parquet")
    (batch,) = file.batches(0, ["v"])
    assert batch.column(0).to_pylist() == vectors.tolist()
