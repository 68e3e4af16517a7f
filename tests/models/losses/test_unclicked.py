"""The way to a label without its parents: its rows, its loss, and the total made with it."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import five_branch_graph, task_graph
from made_probabilities import composed, logit

from models.features.inputs import target_key, weight_key
from models.losses.label_space import LabelSpace
from models.losses.unclicked import (
    Branch,
    unclicked_branches,
    unclicked_losses,
    unclicked_rows,
)
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

(BRANCH,) = unclicked_branches(five_branch_graph())


def deep_graph() -> TaskGraph:
    """A purchase after a visit after a click, and one below it."""
    return sorted_by_parents(
        [
            Label("click", "is_click"),
            Label("visit", "visited", "click", True),
            Label("buy", "bought", "visit", False, ("visit",)),
            Label("rate", "rated", "buy", False, ("buy",)),
        ]
    )


def test_only_labels_that_need_no_parent_have_the_branch() -> None:
    assert Branch("conversion_without_click", "conversion", clicked=False) == BRANCH
    assert unclicked_branches(task_graph(3)) == ()
    names = [branch.name for branch in unclicked_branches(deep_graph())]
    assert names == ["buy_without_visit", "rate_without_buy"]


def test_totals_are_composed_by_hand_along_a_chain() -> None:
    given = {"click": 0.5, "visit_given_click": 0.4, "buy_given_visit": 0.3, "rate_given_buy": 0.6}
    ways = {"buy_without_visit": 0.01, "rate_without_buy": 0.002}
    found = composed(LabelSpace(deep_graph()), {n: [value] for n, value in (given | ways).items()})
    assert list(found) == [output.name for output in deep_graph().outputs]
    values = {name: float(value[0]) for name, value in found.items()}
    assert values["click_and_visit_and_buy"] == pytest.approx(0.06)
    assert values["buy"] == pytest.approx(0.06 + (1 - 0.2) * 0.01)
    assert values["click_and_visit_and_buy_and_rate"] == pytest.approx(0.036)
    # Its parents are the whole chain: a purchase without a visit is none of them.
    assert values["rate"] == pytest.approx(0.036 + (1 - 0.06) * 0.002)


def test_a_total_that_an_architecture_returns_is_kept() -> None:
    given = {"click": 0.5, "action_given_click": 0.4, "conversion_given_click": 0.3}
    own = {name: logit([value]) for name, value in (given | {"conversion": 0.7}).items()}
    found = LabelSpace(five_branch_graph()).compose(own)["conversion"]
    np.testing.assert_array_equal(found, own["conversion"])
    del own["conversion"]
    with pytest.raises(KeyError, match="no prediction of conversion_without_click; got"):
        LabelSpace(five_branch_graph()).compose(own)


@pytest.fixture
def rows() -> dict[str, tf.Tensor]:
    """A clicked row with a conversion, two without a click, and two with an unknown label."""
    click, conversion = np.array([1, 0, 0, 0, 0.0]), np.array([1, 1, 0, 0, 1.0])
    known = np.array([1, 1, 1, 0, 0.0])
    weight = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    columns = {
        target_key("click"): click,
        target_key("conversion"): conversion,
        weight_key("click_and_conversion"): weight * known,
        # The conversion is known in the last row; the click is not.
        weight_key("conversion"): weight * np.array([1, 1, 1, 0, 1.0]),
    }
    return {name: tf.constant(column, tf.float32) for name, column in columns.items()}


def test_its_rows_are_those_known_to_have_no_parent(rows: dict[str, tf.Tensor]) -> None:
    target, weight = unclicked_rows(five_branch_graph(), BRANCH, rows)
    np.testing.assert_array_equal(target, [1, 1, 0, 0, 1])
    np.testing.assert_array_equal(weight, [0, 2, 3, 0, 0])


def test_its_loss_and_gradient_are_those_of_its_rows(rows: dict[str, tf.Tensor]) -> None:
    p = tf.constant([0.9, 0.2, 0.4, 0.6, 0.7])
    with tf.GradientTape() as tape:
        tape.watch(p)
        losses = unclicked_losses(five_branch_graph(), [BRANCH], rows, {BRANCH.name: logit(p)})
    assert list(losses) == ["conversion_without_click"]
    loss = losses[BRANCH.name]
    wanted = [0, -2 * np.log(0.2), -3 * np.log(0.6), 0, 0]
    np.testing.assert_allclose(loss, wanted, rtol=1e-5, atol=1e-12)
    wanted = [0, -2 / 0.2, 3 / 0.6, 0, 0]
    np.testing.assert_allclose(tape.gradient(loss, p), wanted, rtol=1e-5, atol=1e-12)


def test_below_a_chain_its_rows_are_those_where_the_chain_breaks() -> None:
    buy = unclicked_branches(deep_graph())[0]
    columns = {
        target_key("click_and_visit"): [1.0, 0.0, 0.0],
        target_key("buy"): [1.0, 1.0, 0.0],
        weight_key("click_and_visit_and_buy"): [1.0, 1.0, 1.0],
    }
    batch = {name: tf.constant(column) for name, column in columns.items()}
    target, weight = unclicked_rows(deep_graph(), buy, batch)
    np.testing.assert_array_equal(target, [1, 1, 0])
    np.testing.assert_array_equal(weight, [0, 1, 1])
