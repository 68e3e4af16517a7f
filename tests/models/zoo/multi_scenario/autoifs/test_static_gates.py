import json

import numpy as np
import pytest

from models.zoo.multi_scenario.autoifs.static_gates import StaticGates

# Four rows, one label, three flows; True removes.
REMOVED = np.array([[[1, 0, 1]], [[1, 0, 0]], [[0, 0, 1]], [[1, 1, 0]]], bool)


def test_the_majority_of_a_scenarios_rows_decides() -> None:
    parts = [(REMOVED[:3], np.array([0, 0, 0])), (REMOVED[3:], np.array([2]))]
    gates = StaticGates.of(parts, 3)
    np.testing.assert_array_equal(gates.kept[0], [[False, True, False]])
    np.testing.assert_array_equal(gates.kept[2], [[False, False, True]])
    np.testing.assert_allclose(gates.agreement[0], [[2 / 3, 1, 2 / 3]])
    np.testing.assert_allclose(gates.agreement[2], [[1, 1, 1]])
    np.testing.assert_array_equal(gates.rows, [3, 0, 1])


def test_a_tie_and_a_scenario_without_rows_keep() -> None:
    gates = StaticGates.of([(REMOVED[1:3], np.array([1, 1]))], 2)
    np.testing.assert_array_equal(gates.kept[1], [[True, True, True]])
    np.testing.assert_allclose(gates.agreement[1], [[0.5, 1, 0.5]])
    assert np.all(gates.kept[0])
    assert np.all(np.isnan(gates.agreement[0]))


def test_its_document_goes_by_names() -> None:
    gates = StaticGates.of([(REMOVED[1:3], np.array([1, 1]))], 2)
    document = gates.document(("home", "cart"), ("click",), ("a", "b", "c"))
    assert json.loads(json.dumps(document)) == {
        "rows": {"home": 0, "cart": 2},
        "kept": {
            "home": {"click": {"a": True, "b": True, "c": True}},
            "cart": {"click": {"a": True, "b": True, "c": True}},
        },
        "agreement": {
            "home": {"click": {"a": None, "b": None, "c": None}},
            "cart": {"click": {"a": 0.5, "b": 1.0, "c": 0.5}},
        },
    }


def test_no_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="validation split"):
        StaticGates.of([], 2)
