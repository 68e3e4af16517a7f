"""TAML's settings, and what it explains."""

import math

import numpy as np
import pytest
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors
from made_taml import SIZES, flat, learner_probabilities, made, softmax, value

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.registry import parse_model_config

STACK = (
    "shared_0",
    "shared_1",
    "task_click_0",
    "task_action_given_click_0",
    *(
        f"learner_{t}_{k}_{e}"
        for t in ("click", "action_given_click")
        for k in (1, 2)
        for e in (0, 1)
    ),
)


def test_explains_gates_experts_and_learners() -> None:
    ranker, rows = made(fusion="gated")
    # The first two scenarios only; no row gives the second shared expert anything.
    rows = taken(rows, rows[SCENARIO_KEY] != 2)
    (bias,) = [v for v in ranker.weights if v.name.endswith("gates/bias:0")]
    bias.assign_add(np.array([0.0, -30.0, 0.0, 0.0, 0.0], np.float32) * np.ones([2, 2, 1, 5]))
    x, scenario = flat(ranker, rows), rows[SCENARIO_KEY]
    kernel = value(ranker, "gates/kernel")
    gates = softmax(np.einsum("bi,tkie->tkbe", x, kernel) + value(ranker, "gates/bias"))
    found = ranker.explain(tensors(rows))
    for name, explanation in found.items():
        explanation.document()
        assert explanation.values.dtype.kind == "f", name

    for k in range(2):
        wanted = gates[:, :, scenario == k].mean(2)
        np.testing.assert_allclose(found["gates"].values[k], wanted, rtol=1e-4, atol=1e-6)
    assert np.all(np.isnan(found["gates"].values[2]))
    seen = ("shared_0", "shared_1", "task_0", "learner_0", "learner_1")
    assert [a.name for a in found["gates"].axes] == ["scenario", "label", "learner", "expert"]
    assert found["gates"].axes[3].entries == seen

    entropy = -(gates * np.log(gates)).sum(-1) / math.log(5)
    load = gates.mean(2)
    for k in range(2):
        mine = scenario == k
        own, mean = found["gates_entropy"].values[k], gates[:, :, mine].mean(2)
        np.testing.assert_allclose(own, entropy[:, :, mine].mean(2), rtol=1e-4)
        balance = -(mean * np.log(mean)).sum(-1) / math.log(5)
        np.testing.assert_allclose(found["gates_balance"].values[k], balance, rtol=1e-4)

    load_of, dead_of = (
        dict(zip(found[name].axes[0].entries, found[name].values, strict=True))
        for name in ("expert_load", "dead_experts")
    )
    own = [load[t, k, e] for t in range(2) for k in range(2) for e in (3, 4)]
    loads = [*load[:, :, :2].mean((0, 1)), *load[:, :, 2].mean(1), *own]
    assert load_of == pytest.approx(dict(zip(STACK, loads, strict=True)), rel=1e-4, abs=1e-9)
    assert dead_of == {name: float(name == "shared_1") for name in STACK}

    p = learner_probabilities(ranker, rows)
    np.testing.assert_allclose(found["learner_spread"].values, p.std(2).mean(0), rtol=1e-3)
    logits = np.einsum("bi,tin->btn", x, value(ranker, "fusion/kernel"))
    weights = softmax(logits + value(ranker, "fusion/bias")[:, 0])
    np.testing.assert_allclose(found["fusion"].values[1], weights[scenario == 1].mean(0), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "scenarios", "labels"),
    [
        ({"shared_experts": 1, "task_experts": 0, "learner_experts": 0}, 3, 2),
        ({"shared_experts": 0, "task_experts": 0, "learner_experts": 1}, 1, 1),
        ({"learners": 1, "expert_units": (4,), "tower_units": ()}, 2, 3),
    ],
    ids=["one_expert", "own_experts", "one_learner"],
)
def test_levels_may_be_empty(options: dict[str, object], scenarios: int, labels: int) -> None:
    inputs, tasks = layout(scenarios), task_graph(labels)
    ranker = make_ranker({**SIZES, **options}, inputs=inputs, tasks=tasks)
    randomise(ranker, scale=0.2)
    data = tensors(batch(20, inputs, tasks))
    # A gate over one expert would have no gradient.
    assert any("taml/gates" in v.name for v in ranker.weights) == ("learners" in options)
    losses = [float(ranker.train_step(data)["loss"]) for _ in range(3)]
    assert losses[2] < losses[1] < losses[0]
    found = ranker.explain(data)
    assert not np.any(found["dead_experts"].values)
    assert all(np.all(np.isfinite(x.values)) for x in found.values())


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="did you mean 'distillation'"):
        parse_model_config({"name": "taml", "distilation": 0.1})
    with pytest.raises(SettingsError, match=r"are all 0.*give at least one level an expert"):
        parse_model_config(
            {"name": "taml", "shared_experts": 0, "task_experts": 0, "learner_experts": 0}
        )
    with pytest.raises(SettingsError, match="distill_space"):
        parse_model_config({"name": "taml", "distill_space": "clicks"})
    with pytest.raises(SettingsError, match="learners"):
        parse_model_config({"name": "taml", "learners": 0})
