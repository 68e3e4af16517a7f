import numpy as np
import pytest
import tensorflow as tf

from common.settings import SettingsError
from models.zoo.multi_scenario.autoifs.static_gates import StaticGates

# Two scenarios, one label, three flows.
KEPT = np.array([[[1, 0, 1]], [[1, 0, 0]]], bool)
STATIC = np.array([[[1, 1, 0]], [[1, 1, 1]]], bool)
GATES = StaticGates(KEPT, STATIC)


def test_a_row_has_its_scenarios_gate_or_its_own() -> None:
    own = tf.constant([[[0.1, 0.2, 0.3]], [[0.4, 0.5, 0.6]], [[0.7, 0.8, 0.9]]])
    removed = GATES.removed(tf.constant([0, 1, 0]), lambda: own)
    np.testing.assert_allclose(removed[:, 0], [[0, 1, 0.3], [0, 1, 1], [0, 1, 0.9]])


def test_without_a_dynamic_gate_rows_are_not_queried() -> None:
    def own() -> tf.Tensor:
        raise AssertionError

    found = StaticGates.fixed(KEPT.tolist(), KEPT.shape)
    np.testing.assert_array_equal(found.removed(tf.constant([1]), own), [[[0, 1, 1]]])


def test_a_flow_is_computed_where_some_scenario_may_read_it() -> None:
    # The first is kept everywhere, the second nowhere, the third by some rows.
    assert GATES.computed(where_kept=True).tolist() == [[True, False, True]]
    assert GATES.computed(where_kept=False).tolist() == [[False, True, True]]


def test_it_says_what_becomes_of_every_flow() -> None:
    assert GATES.fates.tolist() == [
        [["kept", "removed", "dynamic"]],
        [["kept", "removed", "removed"]],
    ]
    assert GATES.form == "mixed"
    assert StaticGates(KEPT, np.zeros(KEPT.shape, bool)).form == "dynamic"
    assert StaticGates.fixed(KEPT.tolist(), KEPT.shape).form == "static"


def test_fixed_flows_need_a_value_each() -> None:
    assert StaticGates.fixed(None, KEPT.shape) is None
    with pytest.raises(SettingsError, match=r"shape \(1, 1, 3\); write one of \(2, 1, 3\)"):
        StaticGates.fixed(KEPT[:1].tolist(), KEPT.shape)
