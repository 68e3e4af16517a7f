import numpy as np
import pytest
import tensorflow as tf
from made_batches import FIVE_BRANCHES, five_branch_graph, task_graph
from made_probabilities import composed, logit

from models.losses.entire_space import EntireSpace
from models.losses.label_space import LabelSpace
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

Y1, Y4, Y2, Y5, Y3 = FIVE_BRANCHES


def towers(space: EntireSpace, rows: int = 1000, seed: int = 0) -> dict[str, tf.Tensor]:
    random = np.random.default_rng(seed)
    return {b.name: tf.constant(random.uniform(size=rows)) for b in space.branches}


def outputs(space: EntireSpace, tasks: TaskGraph, y: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    given = space.compose({name: logit(p) for name, p in y.items()})
    return {name: tf.sigmoid(z).numpy() for name, z in LabelSpace(tasks).compose(given).items()}


def test_the_papers_graph_has_five_branches_and_three_losses() -> None:
    space = EntireSpace(five_branch_graph())
    assert tuple(branch.name for branch in space.branches) == FIVE_BRANCHES
    assert [b.label for b in space.branches] == ["click", "action", *["conversion"] * 3]
    assert [b.clicked for b in space.branches] == [True] * 4 + [False]
    assert space.supervised_outputs == ("click", "click_and_action", "conversion")


def test_outputs_are_the_papers_formulas() -> None:
    tasks = five_branch_graph()
    space = EntireSpace(tasks)
    y = towers(space)
    found = outputs(space, tasks, y)
    y1, y4, y2, y5, y3 = (y[name].numpy() for name in FIVE_BRANCHES)
    pcvr = (1 - y4) * y2 + y4 * y5
    wanted = {
        "click": y1,
        "action_given_click": y4,
        "click_and_action": y1 * y4,
        "conversion_given_click": pcvr,
        "click_and_conversion": y1 * pcvr,
        "conversion": y1 * pcvr + (1 - y1) * y3,
    }
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, err_msg=name)


def test_bounds_hold_for_any_towers() -> None:
    tasks = five_branch_graph()
    space = EntireSpace(tasks)
    found = outputs(space, tasks, towers(space))
    assert all(np.all((x >= 0) & (x <= 1)) for x in found.values())
    assert np.all(found["conversion"] >= found["click_and_conversion"] - 1e-7)
    assert np.all(found["click_and_conversion"] <= found["click"] + 1e-7)
    assert np.all(found["click_and_action"] <= found["click"] + 1e-7)


def test_partial_derivatives_match_finite_differences() -> None:
    space = EntireSpace(five_branch_graph())
    y = towers(space, 20)
    y1, y4, y2, y5, y3 = (y[name].numpy() for name in FIVE_BRANCHES)
    by_hand = {
        Y1: (1 - y4) * y2 + y4 * y5 - y3,
        Y2: y1 * (1 - y4),
        Y3: 1 - y1,
        Y4: y1 * (y5 - y2),
        Y5: y1 * y4,
    }
    with tf.GradientTape() as tape:
        tape.watch(y)
        total = composed(space, y)["conversion"]
    gradients = tape.gradient(total, y)
    step = 1e-6
    for name, wanted in by_hand.items():
        moved = [composed(space, {**y, name: y[name] + s})["conversion"] for s in (step, -step)]
        slope = (moved[0] - moved[1]).numpy() / (2 * step)
        np.testing.assert_allclose(slope, wanted, atol=1e-8, err_msg=name)
        np.testing.assert_allclose(gradients[name], wanted, atol=1e-12, err_msg=name)


def test_without_action_and_unclicked_conversions_it_is_esmm() -> None:
    tasks = five_branch_graph()
    space = EntireSpace(tasks)
    y = towers(space)
    none = {**y, Y3: tf.zeros_like(y[Y3]), Y4: tf.zeros_like(y[Y4])}
    found = outputs(space, tasks, none)
    np.testing.assert_allclose(found["conversion"], (y[Y1] * y[Y2]).numpy(), rtol=1e-6)
    # Log-odds of -9 have neighbours 9.5e-7 apart in float32; both may be one off.
    np.testing.assert_allclose(found["conversion"], found["click_and_conversion"], rtol=2e-6)


def test_unclicked_none_has_no_such_branch_and_supervises_the_joint() -> None:
    tasks = five_branch_graph()
    space = EntireSpace(tasks, unclicked=False)
    assert tuple(b.name for b in space.branches) == FIVE_BRANCHES[:4]
    assert space.supervised_outputs == ("click", "click_and_action", "click_and_conversion")
    y = towers(space)
    assert space.totals == () and "conversion" not in space.compose(y)


def test_joint_adds_the_loss_that_tells_clicked_conversions_from_others() -> None:
    """Towers that share a conversion differently: the same total, another joint."""
    tasks = five_branch_graph()
    space = EntireSpace(tasks, joint=True)
    joint, total = space.supervised_outputs[2:]
    assert space.supervised_outputs[:2] == ("click", "click_and_action")
    assert (joint, total) == ("click_and_conversion", "conversion")
    clicked = {Y1: 0.25, Y4: 0.5, Y2: 0.4, Y5: 0.4, Y3: 0.0}
    unclicked = {Y1: 0.25, Y4: 0.5, Y2: 0.0, Y5: 0.0, Y3: 0.4 / 3}
    found = [
        outputs(space, tasks, {name: tf.constant([x], tf.float64) for name, x in y.items()})
        for y in (clicked, unclicked)
    ]
    np.testing.assert_allclose([x[total] for x in found], [[0.1], [0.1]], rtol=1e-6)
    np.testing.assert_allclose([x[joint] for x in found], [[0.1], [0.0]], rtol=1e-6, atol=1e-12)


def test_joint_changes_nothing_without_a_branch_without_click() -> None:
    tasks = five_branch_graph()
    losses = EntireSpace(tasks, unclicked=False, joint=True).supervised_outputs
    assert losses == EntireSpace(tasks, unclicked=False).supervised_outputs


def test_a_chain_of_given_labels_is_its_conditionals() -> None:
    for labels in (1, 2, 3):
        tasks = task_graph(labels)
        space = EntireSpace(tasks)
        conditionals = LabelSpace(tasks).conditionals
        assert tuple(b.name for b in space.branches) == conditionals
        y = towers(space)
        assert space.compose(y) == y
    assert space.supervised_outputs == (
        "click",
        "click_and_action",
        "click_and_action_and_conversion",
    )


def test_after_without_a_related_action_has_one_clicked_branch() -> None:
    """An action that does not descend from the parent says nothing about it."""
    for paths in (("click",), ("click", "share")):
        tasks = sorted_by_parents(
            [
                Label("click", "is_click"),
                Label("share", "shared"),
                Label("conversion", "converted", "click", False, paths),
            ]
        )
        space = EntireSpace(tasks)
        names = ["click", "share", "conversion_given_click", "conversion_without_click"]
        assert [b.name for b in space.branches] == names
        y = towers(space)
        wanted = y["click"] * y[names[2]] + (1 - y["click"]) * y[names[3]]
        np.testing.assert_allclose(composed(space, y)["conversion"], wanted)


def test_any_of_several_actions_counts_however_deep_it_lies() -> None:
    tasks = sorted_by_parents(
        [
            Label("click", "is_click"),
            Label("conversion", "converted", "click", False, ("click", "cart", "wish")),
            Label("visit", "visited", "click", True),
            Label("cart", "carted", "visit", True),
            Label("wish", "wished", "click", False, ("click",)),
        ]
    )
    space = EntireSpace(tasks)
    y = towers(space)
    given = composed(space, y)
    idle = (1 - y["visit_given_click"] * y["cart_given_visit"]) * (1 - y["wish_given_click"])
    wanted = idle * y["conversion_given_click_without_cart_or_wish"]
    wanted += (1 - idle) * y["conversion_given_click_with_cart_or_wish"]
    np.testing.assert_allclose(given["conversion_given_click"], wanted)
    assert len(LabelSpace(tasks).compose(given)) == len(tasks.outputs)


def test_below_a_chain_unclicked_means_that_the_chain_broke() -> None:
    tasks = sorted_by_parents(
        [
            Label("click", "is_click"),
            Label("visit", "visited", "click", True),
            Label("conversion", "converted", "visit", False, ("visit",)),
        ]
    )
    space = EntireSpace(tasks)
    y = towers(space)
    reached = y["click"] * y["visit_given_click"]
    wanted = reached * y["conversion_given_visit"] + (1 - reached) * y["conversion_without_visit"]
    np.testing.assert_allclose(composed(space, y)["conversion"], wanted)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_labels_that_name_each_other_do_not_run_in_a_circle(order: tuple[int, ...]) -> None:
    labels = [
        Label("click", "is_click"),
        Label("buy", "bought", "click", False, ("click", "like")),
        Label("like", "liked", "click", False, ("click", "buy")),
    ]
    tasks = sorted_by_parents([labels[index] for index in order])
    space = EntireSpace(tasks)
    names = {branch.name for branch in space.branches}
    first, second = (labels[index].name for index in order[1:])
    assert f"{first}_given_click" in names
    assert f"{second}_given_click_with_{first}" in names
    found = outputs(space, tasks, towers(space))
    assert list(found) == [output.name for output in tasks.outputs]


def test_an_action_that_implies_another_adds_nothing() -> None:
    """A cart needs a visit: P(visit or cart) = P(visit). Siblings below a visit share it."""
    labels = [
        Label("click", "is_click"),
        Label("visit", "visited", "click", True),
        Label("cart", "in_cart", "visit", True),
        Label("wish", "wished", "visit", True),
    ]

    def graph(*actions: str) -> TaskGraph:
        paths = ("click", *actions)
        return sorted_by_parents([*labels, Label("buy", "bought", "click", False, paths)])

    for actions, any_of in (
        (("visit", "cart"), lambda v, c, w: v),
        (("cart", "wish"), lambda v, c, w: v * (1 - (1 - c) * (1 - w))),
        (("cart",), lambda v, c, w: v * c),
    ):
        tasks = graph(*actions)
        space = EntireSpace(tasks)
        y = towers(space)
        names = ("visit_given_click", "cart_given_visit", "wish_given_visit")
        act = any_of(*(y[name].numpy() for name in names))
        named = "_or_".join(actions)
        plain = y[f"buy_given_click_without_{named}"].numpy()
        acting = y[f"buy_given_click_with_{named}"].numpy()
        wanted = (1 - act) * plain + act * acting
        np.testing.assert_allclose(outputs(space, tasks, y)["buy_given_click"], wanted, atol=1e-6)
