import json
import types

import numpy as np
import pytest
import tensorflow as tf

from common.json_files import plain_json, to_text, write_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32("inf"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ((1, [float("inf"), "nan"]), [1, [None, "nan"]]),
        (types.MappingProxyType({"a": {"b": np.float32(np.nan)}}), {"a": {"b": None}}),
        (None, None),
        (True, True),
    ],
)
def test_plain_values(value, expected):
    found = plain_json(value)
    assert found == expected and type(found) is type(expected)


def test_text_is_one_line_unless_an_indent_is_asked_for():
    assert to_text({"auc": np.nan, "rows": np.int64(2)}) == '{"auc": null, "rows": 2}'
    assert to_text({"auc": float("inf")}, indent=2) == '{\n  "auc": null\n}'


def test_what_json_has_no_word_for_is_an_error():
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        to_text({"a": {1}})


@pytest.mark.parametrize("folder", ["{tmp_path}", "ram://json"])
def test_a_file_is_whole_and_ends_its_last_line(folder, tmp_path):
    folder = folder.format(tmp_path=tmp_path)
    write_json(f"{folder}/new/a.json", {"a": [np.nan, 1]})
    text = tf.io.gfile.GFile(f"{folder}/new/a.json").read()
    assert json.loads(text) == {"a": [None, 1]} and text.endswith("}\n")
    assert tf.io.gfile.listdir(f"{folder}/new") == ["a.json"]


def test_a_document_that_cannot_be_written_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": {1}})
    assert [x.name for x in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}
