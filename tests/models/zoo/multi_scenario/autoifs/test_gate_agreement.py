import json

import numpy as np
import pytest

from models.zoo.multi_scenario.autoifs.gate_agreement import GateAgreement

# Four rows, one label, three flows; True removes.
REMOVED = np.array([[[1, 0, 1]], [[1, 0, 0]], [[0, 0, 1]], [[1, 1, 0]]], bool)


def test_the_majority_of_a_scenarios_rows_decides() -> None:
    parts = [(REMOVED[:3], np.array([0, 0, 0])), (REMOVED[3:], np.array([2]))]
    gates = GateAgreement.of(parts, 3)
    np.testing.assert_array_equal(gates.kept[0], [[False, True, False]])
    np.testing.assert_array_equal(gates.kept[2], [[False, False, True]])
    np.testing.assert_allclose(gates.agreement[0], [[2 / 3, 1, 2 / 3]])
    np.testing.assert_allclose(gates.agreement[2], [[1, 1, 1]])
    np.testing.assert_array_equal(gates.rows, [3, 0, 1])


def test_a_tie_and_a_scenario_without_rows_keep() -> None:
    gates = GateAgreement.of([(REMOVED[1:3], np.array([1, 1]))], 2)
    np.testing.assert_array_equal(gates.kept[1], [[True, True, True]])
    np.testing.assert_allclose(gates.agreement[1], [[0.5, 1, 0.5]])
    assert np.all(gates.kept[0])
    assert np.all(np.isnan(gates.agreement[0]))


def test_its_document_goes_by_names() -> None:
    gates = GateAgreement.of([(REMOVED[1:3], np.array([1, 1]))], 2)
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
        GateAgreement.of([], 2)


@pytest.mark.parametrize(("agreeing", "static"), [(99, True), (98, False)])
@pytest.mark.parametrize("removed", [True, False])
def test_a_gate_is_static_where_enough_rows_agree(
    agreeing: int, static: bool, removed: bool
) -> None:
    gates = np.full((100, 1, 1), removed)
    gates[agreeing:] = not removed
    found = GateAgreement.of([(gates, np.zeros(100, int))], 1).static(0.99)
    assert found.static.tolist() == [[[static]]]
    assert found.kept.tolist() == [[[not removed]]]


def test_a_scenario_without_rows_or_torn_is_static_by_majority_alone() -> None:
    torn = GateAgreement.of([(REMOVED[1:3], np.array([1, 1]))], 2)
    assert torn.static(0.5).static.all() and torn.static(0.5).kept.all()
    assert not torn.static(0.51).static[0].any()
    assert torn.static(0.51).static[1].tolist() == [[False, True, False]]
