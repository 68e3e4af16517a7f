"""AEM2TL on other graphs, with other options, and what it explains."""

import math

import numpy as np
import pytest
from made_aem2tl import SIZES, made
from made_batches import FIVE_BRANCHES, batch, layout, make_ranker, taken, task_graph, tensors

from models.features.inputs import SCENARIO_KEY, Field, InputLayout, value_key


def test_supervised_outputs_follow_the_graph_and_the_options() -> None:
    default = ("click", "click_and_action", "click_and_conversion", "conversion")
    assert made()[0].supervised_outputs == default
    published = made(losses="total")[0]
    assert published.supervised_outputs == ("click", "click_and_action", "conversion")
    none = made(unclicked="none")[0]
    assert none.supervised_outputs == ("click", "click_and_action", "click_and_conversion")
    assert not [v for v in none.architecture.weights if "unclicked" in v.name]
    chain = make_ranker(SIZES, tasks=task_graph(3))
    assert chain.supervised_outputs == (
        "click",
        "click_and_action",
        "click_and_action_and_conversion",
    )


def without_priors() -> InputLayout:
    fields = (Field("user", 600), Field("item", 40), Field("scenario", 3))
    return InputLayout(fields, ("price",), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("inputs", "labels"), [(layout(1), 2), (layout(3), 1), (without_priors(), 2)]
)
def test_one_scenario_one_label_or_no_priors(inputs: InputLayout, labels: int) -> None:
    tasks = task_graph(labels)
    ranker = make_ranker(SIZES, inputs=inputs, tasks=tasks)
    rows = batch(20, inputs, tasks)
    for name in inputs.numeric:
        rows[value_key(name)] = rows[value_key(name)].astype(np.float32)
    losses = [float(ranker.train_step(tensors(rows))["loss"]) for _ in range(3)]
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0]
    weights = ranker.gradient_rule.epoch_logs()["task_weights"]
    assert sum(weights.values()) == pytest.approx(labels, abs=1e-5)


def test_explains_gates_and_weights() -> None:
    ranker, rows = made()
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    ranker.train_step(tensors(rows))
    explained = ranker.explain(tensors(rows))
    gates = {
        "scenario_gates_shared": (3, 3),
        "scenario_gates_private": (3, 2),
        "task_gates": (3, 5, 3),
    }
    # Private ones stand there once per scenario: two, one for each branch, and two for all.
    experts = 3 + 3 * (2 + 5 + 2)
    of_gates = {f"{name}_{x}": gates[name][:-1] for name in gates for x in ("entropy", "balance")}
    shapes = {
        **gates,
        **of_gates,
        "expert_load": (experts,),
        "dead_experts": (experts,),
        "personal_gates": (3, 5, 2),
        "task_weights": (4,),
    }
    assert {name: found.values.shape for name, found in explained.items()} == shapes
    for name, found in explained.items():
        document = found.document()
        assert [len(axis["entries"]) for axis in document["axes"]] == list(shapes[name])
        if name in ("task_weights", "expert_load", "dead_experts"):
            continue
        assert np.all(np.isnan(found.values[1]))
        if name in of_gates:
            assert np.all((found.values[[0, 2]] > 0) & (found.values[[0, 2]] <= 1))
            continue
        if "personal" in name:
            assert np.all((found.values[[0, 2]] > 0) & (found.values[[0, 2]] < 2))
        else:
            np.testing.assert_allclose(found.values[[0, 2]].sum(-1), 1, atol=1e-5)
    assert explained["task_gates"].axes[1].entries == FIVE_BRANCHES
    load, (axis,) = explained["expert_load"]
    loads = dict(zip(axis.entries, load, strict=True))
    scenarios = ranker.layout.scenarios
    assert f"{scenarios[0]}/scenario_private_1" in loads and "scenario_shared_2" in loads
    assert f"{scenarios[2]}/task_level_{FIVE_BRANCHES[1]}_0" in loads
    # Nothing is known of the experts of a scenario without rows.
    unknown = {name for name, load in loads.items() if np.isnan(load)}
    assert unknown == {name for name in loads if name.startswith(f"{scenarios[1]}/")}
