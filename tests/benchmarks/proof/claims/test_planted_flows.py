"""What a world lets flow, by hand."""

import math

import numpy as np
import pytest

from benchmarks.proof.claims.planted_flows import CAN_CARRY, precision_and_recall
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS


def test_a_mask_is_judged_by_what_a_world_lets_flow() -> None:
    assert {flow for flows in CAN_CARRY.values() for flow in flows} <= set(FLOWS)
    kept = np.zeros((2, 3, 4), bool)
    kept[0, 0] = [True, True, False, False]
    kept[0, 1] = [True, False, False, False]
    kept[0, 2] = [False, False, True, False]
    kept[1, 0] = [False, False, False, True]
    # Only shared flows, the first and the third, and none of `action`, the second label: two of
    # the five that are kept, and two of four cells.
    found = precision_and_recall(kept, "no_scenario_effects")
    assert found == (pytest.approx(2 / 5), pytest.approx(2 / 4))
    nothing = precision_and_recall(np.zeros((1, 3, 4), bool), "no_task_effects")
    assert math.isnan(nothing[0]) and nothing[1] == 0
