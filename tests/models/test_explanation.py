import json

import numpy as np
import pytest

from models.explanation import Axis, Explanation, numbered, scenario_means, write_explanations


def test_means_of_scenarios_leave_others_out() -> None:
    values = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]])
    found = scenario_means(values, np.array([2, 0, 2]), 3)
    np.testing.assert_array_equal(found[[0, 2]], [[3.0, 30.0], [3.0, 30.0]])
    assert np.isnan(found[1]).all()


def test_a_file_names_axes_and_writes_null_for_what_was_not_seen(tmp_path) -> None:
    axes = (Axis("scenario", ("home", "cart")), numbered("expert", 3))
    values = np.array([[0.5, 0.25, 0.25], [np.nan, np.nan, np.nan]])
    write_explanations(str(tmp_path / "new" / "explain.json"), {"gates": Explanation(values, axes)})
    document = json.loads((tmp_path / "new" / "explain.json").read_text())["gates"]
    assert document["values"] == [[0.5, 0.25, 0.25], [None, None, None]]
    assert document["axes"] == [
        {"name": "scenario", "entries": ["home", "cart"]},
        {"name": "expert", "entries": ["0", "1", "2"]},
    ]


def test_axes_that_do_not_fit_are_refused() -> None:
    wrong = Explanation(np.zeros((2, 3)), (numbered("scenario", 2), numbered("expert", 4)))
    with pytest.raises(ValueError, match=r"scenario, expert.*\(2, 4\).*\(2, 3\)"):
        wrong.document()
