"""What holds between calibrated outputs."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import five_branch_graph, task_graph

from models.calibration.calibration import Calibration
from models.calibration.platt import Line, Lines

SCENARIO = tf.constant([0, 1, 1])


def log_odds(**values):
    return {name: tf.constant(rows, tf.float32) for name, rows in values.items()}


def test_a_joint_is_at_most_its_parent():
    tasks = task_graph(3)
    assert [x.name for x in tasks.outputs] == [
        "click",
        "action_given_click",
        "click_and_action",
        "conversion_given_action",
        "click_and_action_and_conversion",
    ]
    curves = {
        "click": Lines([Line(1.0, 0.0), Line(1.0, -2.0)]),
        "click_and_action": Lines([Line(1.0, 1.5), Line(1.0, 0.0)]),
    }
    found = Calibration(tasks, curves)(
        log_odds(
            click=[-1, 0, 3],
            action_given_click=[5, 6, 7],
            click_and_action=[-2, -1, -3],
            conversion_given_action=[1, 2, 3],
            click_and_action_and_conversion=[-3, -1.5, -4],
        ),
        SCENARIO,
    )
    assert {name: values.numpy().tolist() for name, values in found.items()} == {
        "click": [-1, -2, 1],
        "action_given_click": [5, 6, 7],
        # -.5, -1 and -3 by their own curves: the first two are above the clicks.
        "click_and_action": [-1, -2, -3],
        "conversion_given_action": [1, 2, 3],
        "click_and_action_and_conversion": [-3, -2, -4],
    }


def test_a_total_is_at_least_its_joint():
    tasks = five_branch_graph()
    names = [output.name for output in tasks.outputs]
    assert names[-3:] == ["conversion_given_click", "click_and_conversion", "conversion"]
    given = {name: [0.0, 0.0, 0.0] for name in names}
    given |= {"click_and_conversion": [-2, -2, -2], "conversion": [-1, -1.5, -1.8]}
    curves = {"conversion": Lines([Line(1.0, 0.0), Line(1.0, -0.5)])}
    found = Calibration(tasks, curves)(log_odds(**given), SCENARIO)
    np.testing.assert_allclose(found["conversion"], [-1, -2, -2], atol=1e-6)
    assert list(found) == names


@pytest.mark.parametrize("seed", range(3))
def test_bounds_hold_whatever_the_curves_are(seed):
    tasks, random = five_branch_graph(), np.random.default_rng(seed)
    names = [output.name for output in tasks.outputs]
    curves = {
        name: Lines([Line(*line) for line in random.uniform(0.2, 2, (2, 2))]) for name in names
    }
    given = log_odds(**{name: random.normal(size=3) for name in names})
    found = Calibration(tasks, curves)(given, SCENARIO)
    for joint in ("click_and_action", "click_and_conversion"):
        assert (found[joint] <= found["click"]).numpy().all()
    assert (found["conversion"] >= found["click_and_conversion"]).numpy().all()
