"""What a finished trial has measured, and its scores, as files."""

import dataclasses
import json

import numpy as np
import pytest

from common.errors import PolyrankError
from models.trials.result import TrialResult, read_result, read_scores, scores_path, write_scores


def test_scores_of_outputs_with_any_names_are_read_back(tmp_path):
    scores = {
        name: np.array([0.25, 0.5], np.float32) for name in ("file", "gr\u00f6\u00dfe", "a.b")
    }
    write_scores(scores_path(tmp_path), scores)
    found = read_scores(tmp_path)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [0.25, 0.5] for name in scores
    }


def test_a_result_without_a_format_has_its_overall_cell_under_another_name(tmp_path):
    cell = dict.fromkeys(("auc", "gauc", "logloss"), 0.5)
    values = dict.fromkeys((field.name for field in dataclasses.fields(TrialResult)), 1)
    found = TrialResult(**{**values, "metrics": {"eval": {"click": {"*": cell, "all": cell}}}})
    found.write(tmp_path)
    assert read_result(tmp_path) == found
    document = json.loads((tmp_path / "result.json").read_text())
    assert document.pop("format") == 2
    document["metrics"]["eval"]["click"] = {"all": cell, "home": cell}
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert list(read_result(tmp_path).metrics["eval"]["click"]) == ["*", "home"]


def test_a_result_of_a_later_format_is_refused(tmp_path):
    later = {"format": 3, "fingerprint": "a", "rows": 7}
    (tmp_path / "result.json").write_text(json.dumps(later))
    with pytest.raises(PolyrankError) as error:
        read_result(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'result.json'} is of format 3, and this version of Polyrank reads 1 to 2: "
        "use the version that wrote it, or another work folder"
    )
    assert read_result(tmp_path, "b") is None
