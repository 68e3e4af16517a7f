import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import (
    batch,
    layout,
    make_ranker,
    randomise,
    taken,
    task_graph,
    tensors,
    weight,
)

from models.inputs import SCENARIO_KEY, Field, InputLayout, target_key, value_key, weight_key
from models.ranker import Ranker
from schemas.task_graph import Label, sorted_by_parents

SIZES = {
    "name": "aem2tl",
    "embedding_dim": 4,
    "shared_experts": 3,
    "scenario_experts": 2,
    "expert_units": (6, 5),
    "task_shared_experts": 2,
    "task_expert_units": (4,),
    "tower_units": (3,),
    "gate_units": 7,
}
FIVE = sorted_by_parents(
    [
        Label("click", "is_click"),
        Label("action", "acted", "click", True),
        Label("conversion", "converted", "click", False, ("click", "action")),
    ]
)
BRANCHES = (
    "click",
    "action_given_click",
    "conversion_given_click_without_action",
    "conversion_given_click_with_action",
    "conversion_without_click",
)
GATES = [f"towers/gate_{layer}" for layer in range(2)]


def made(**options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    ranker = make_ranker({**SIZES, **options}, tasks=FIVE, base_rates={"click": 0.2})
    randomise(ranker)
    return ranker, batch(24, ranker.layout, FIVE)


def gradients(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = ranker.backward(tensors(rows), tf.constant(float(len(rows[SCENARIO_KEY]))))[1]
    return {
        variable.name: tf.convert_to_tensor(gradient).numpy()
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
    }


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


@pytest.mark.parametrize("gate_input", ["task", "input"])
@pytest.mark.parametrize("personal_gates", ["task", "scenario_task"])
def test_probabilities_are_the_formula(gate_input: str, personal_gates: str) -> None:
    ranker, rows = made(gate_input=gate_input, personal_gates=personal_gates)
    data = tensors(rows)
    features = ranker.features(data)
    flat = np.concatenate([features.fields.numpy().reshape(24, -1), features.numeric], 1)
    value = {v.name.split("aem2tl/")[-1].removesuffix(":0"): v.numpy() for v in ranker.weights}

    def dense(part: str, x: np.ndarray, *at: int) -> np.ndarray:
        return x @ value[f"{part}/kernel"][at] + value[f"{part}/bias"][at][0]

    def mix(gate: np.ndarray, experts: list[np.ndarray]) -> np.ndarray:
        return softmax(gate) @ np.stack(experts)

    def two_layers(part: str, x: np.ndarray, *at: int) -> np.ndarray:
        return relu(dense(f"{part}/dense_1", relu(dense(f"{part}/dense_0", x, *at)), *at))

    outputs = {name: values.numpy() for name, values in ranker(data).items()}
    for row, k in enumerate(rows[SCENARIO_KEY]):
        x, prior = flat[row], features.priors[row].numpy()
        g = mix(
            dense("scenario_shared/gates", x, 0),
            [two_layers("scenario_shared/shared", x, e) for e in range(3)],
        )
        s = mix(
            dense("scenario_private/gates", x, k, 0),
            [two_layers("scenario_private/specific", x, k, 0, e) for e in range(2)],
        )
        m = np.concatenate([g, s])
        common = [relu(dense("task_level/shared/dense_0", m, k, e)) for e in range(2)]
        y = {}
        for c, branch in enumerate(BRANCHES):
            own = relu(dense("task_level/specific/dense_0", m, k, c, 0))
            t = mix(m @ value["task_level/gates/kernel"][k, c], [own, *common])
            read = np.concatenate([prior, t if gate_input == "task" else x])
            at = (k, c) if personal_gates == "scenario_task" else (c,)
            delta = [
                2 * sigmoid(dense(f"{gate}/last", relu(dense(f"{gate}/hidden", read, *at)), *at))
                for gate in GATES
            ]
            h = relu(dense("towers/dense_0", delta[0] * t, k, c))
            logit = dense("towers/last", delta[1] * h, k, c)[0]
            start = [*features.offset[row].numpy(), features.offset[row, 2].numpy()][min(c, 3)]
            y[branch] = sigmoid(logit + (value["unclicked_bias"][0] if c == 4 else start))
        y1, y4, y2, y5, y3 = (y[name] for name in BRANCHES)
        pcvr = (1 - y4) * y2 + y4 * y5
        wanted = [y1, y4, y1 * y4, pcvr, y1 * pcvr, y1 * pcvr + (1 - y1) * y3]
        assert list(outputs) == [output.name for output in FIVE.outputs]
        found = [values[row] for values in outputs.values()]
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-5)


def test_the_conversion_starts_at_its_base_rate_and_unclicked_at_its_own() -> None:
    ranker = make_ranker(
        {**SIZES, "unclicked_initial_rate": 0.002},
        tasks=FIVE,
        base_rates={"conversion_given_click": 0.1, "action_given_click": 0.3},
    )
    for part in ("kernel", "bias"):
        zero = weight(ranker, f"towers/last/{part}")
        zero.assign(tf.zeros_like(zero))
    rows = tensors(batch(5, ranker.layout, FIVE))
    found = ranker.architecture.branch_probabilities(ranker.features(rows))
    for branch, rate in zip(BRANCHES, (0.5, 0.3, 0.1, 0.1, 0.002), strict=True):
        np.testing.assert_allclose(found[branch], np.full(5, rate), rtol=1e-5)


def test_clicked_conversions_have_the_wide_part_and_unclicked_ones_do_not() -> None:
    ranker, rows = made()
    weights = weight(ranker, "user/weights")
    before = ranker.architecture.branch_probabilities(ranker.features(tensors(rows)))
    weights.assign_add(tf.constant([[0.0, 0.0, 1.0]] * weights.shape[0]))
    after = ranker.architecture.branch_probabilities(ranker.features(tensors(rows)))
    for branch, change in zip(BRANCHES, (0, 0, 1, 1, 0), strict=True):
        p, q = before[branch].numpy(), after[branch].numpy()
        moved = np.log(q / (1 - q)) - np.log(p / (1 - p))
        np.testing.assert_allclose(moved, np.full(24, change), atol=2e-4)


def test_scenario_level_is_shared_and_own_side_by_side() -> None:
    ranker, rows = made()
    other = dict(rows, **{SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3})
    mixed, elsewhere = (
        ranker.architecture.scenario_level(ranker.features(tensors(r))).numpy()
        for r in (rows, other)
    )
    assert mixed.shape == (24, 10)
    np.testing.assert_array_equal(mixed[:, :5], elsewhere[:, :5])
    assert np.abs(mixed[:, 5:] - elsewhere[:, 5:]).max(axis=1).min() > 1e-6


def test_personal_gates_are_within_0_and_2_and_1_without_a_last_layer() -> None:
    ranker, rows = made()
    features = ranker.features(tensors(rows))
    towers = ranker.architecture._towers

    def factors() -> list[np.ndarray]:
        read = ranker.architecture._levels(features)[2]
        return [x.numpy() for x in towers.gates(read, features.scenario)]

    found = factors()
    assert [x.shape for x in found] == [(5, 24, 4), (5, 24, 3)]
    assert all(np.all((x > 0) & (x < 2)) and x.std() > 0.05 for x in found)
    for gate in GATES:
        for part in ("kernel", "bias"):
            last = weight(ranker, f"{gate}/last/{part}")
            last.assign(tf.zeros_like(last))
    assert all(np.all(x == 1) for x in factors())


@pytest.mark.parametrize("gate_input", ["task", "input"])
def test_personal_gates_train_the_priors_and_not_the_network(gate_input: str) -> None:
    ranker, rows = made(gate_input=gate_input)
    data = tensors(rows)
    with tf.GradientTape() as tape:
        features = ranker.features(data)
        read = ranker.architecture._levels(features)[2]
        towers = ranker.architecture._towers
        loss = tf.add_n([tf.reduce_sum(x) for x in towers.gates(read, features.scenario)])
    found = tape.gradient(loss, ranker.trainable_variables)
    trained = {
        variable.name
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
        if gradient is not None and np.any(tf.convert_to_tensor(gradient).numpy() != 0)
    }
    gates = {name for name in trained if "towers/gate_" in name}
    assert len(gates) == 8
    (prior,) = trained - gates
    assert prior.endswith("user/embeddings:0")


def test_rows_train_private_parts_of_their_own_scenario_only() -> None:
    ranker, rows = made(personal_gates="scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] == 1)
    private = 0
    for name, gradient in gradients(ranker, rows).items():
        if any(part in name for part in ("scenario_private", "task_level", "towers")):
            private += 1
            assert np.all(gradient[[0, 2]] == 0), name
            assert np.any(gradient[1] != 0), name
        elif "scenario_shared" in name:
            assert np.any(gradient != 0), name
    assert private == 6 + 5 + 12


def test_the_total_loss_reaches_all_five_towers_on_every_row() -> None:
    """It is made of predicted clicks and actions, not of observed ones."""
    ranker, rows = made(adaptive_weights=False)
    rows = taken(rows, slice(0, 1))
    data = tensors(rows)
    bias = weight(ranker, "towers/last/bias")
    for click in (0.0, 1.0):
        data[target_key("click")] = tf.constant([click])
        with tf.GradientTape() as tape:
            loss = ranker.output_losses(data, True, tf.constant(1.0))["conversion"]
        (own,) = tape.gradient(loss, bias).numpy()[rows[SCENARIO_KEY]]
        assert np.all(own != 0)


def test_the_joint_loss_leaves_the_tower_without_a_click_alone() -> None:
    ranker, rows = made(losses="total_and_joint")
    joint, converted = "click_and_conversion", rows[target_key("conversion")]
    converted[rows[target_key("click")] == 0] = 1
    data = tensors(rows)
    assert ranker.supervised_outputs == ("click", "click_and_action", joint, "conversion")
    with tf.GradientTape() as tape:
        losses = ranker.output_losses(data, False, tf.constant(float(len(rows[SCENARIO_KEY]))))
    of_bias = tape.gradient(losses[joint], weight(ranker, "towers/last/bias")).numpy()
    reached = np.any(of_bias != 0, axis=0)
    assert dict(zip(BRANCHES, reached, strict=True)) == {
        branch: branch != "conversion_without_click" for branch in BRANCHES
    }
    both = rows[target_key("click")] * converted
    predicted = ranker(data)[joint].numpy()
    likelihoods = both * np.log(predicted) + (1 - both) * np.log(1 - predicted)
    wanted = -np.mean(rows[weight_key(joint)] * likelihoods)
    np.testing.assert_allclose(losses[joint], wanted, rtol=1e-5)


def test_supervised_outputs_follow_the_graph_and_the_options() -> None:
    assert made()[0].supervised_outputs == ("click", "click_and_action", "conversion")
    none = made(unclicked="none")[0]
    assert none.supervised_outputs == ("click", "click_and_action", "click_and_conversion")
    assert not [v for v in none.weights if "unclicked" in v.name]
    chain = make_ranker(SIZES, tasks=task_graph(3))
    assert chain.supervised_outputs == (
        "click",
        "click_and_action",
        "click_and_action_and_conversion",
    )


def test_without_the_entire_space_every_label_has_a_tower_in_its_own_space() -> None:
    ranker, rows = made(entire_space=False)
    assert ranker.supervised_outputs == ("click", "action_given_click", "conversion_given_click")
    assert weight(ranker, "towers/last/kernel").shape == (3, 3, 3, 1)
    unclicked = taken(rows, rows[target_key("click")] == 0)
    gradient = next(
        g for name, g in gradients(ranker, unclicked).items() if "towers/last/kernel" in name
    )
    assert np.any(gradient[:, 0] != 0)
    assert np.all(gradient[:, 1:] == 0)


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
    weights = ranker.architecture.record()["task_weights"]
    assert sum(weights.values()) == pytest.approx(labels, abs=1e-5)


def test_explains_gates_and_weights() -> None:
    ranker, rows = made()
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    ranker.train_step(tensors(rows))
    explained = ranker.explain(tensors(rows))
    shapes = {
        "scenario_gates_shared": (3, 3),
        "scenario_gates_private": (3, 2),
        "task_gates": (3, 5, 3),
        "personal_gates": (3, 5, 2),
        "task_weights": (3,),
    }
    assert {name: found.values.shape for name, found in explained.items()} == shapes
    for name, found in explained.items():
        document = found.document()
        assert [len(axis["entries"]) for axis in document["axes"]] == list(shapes[name])
        if name == "task_weights":
            continue
        assert np.all(np.isnan(found.values[1]))
        if "personal" in name:
            assert np.all((found.values[[0, 2]] > 0) & (found.values[[0, 2]] < 2))
        else:
            np.testing.assert_allclose(found.values[[0, 2]].sum(-1), 1, atol=1e-5)
    assert explained["task_gates"].axes[1].entries == BRANCHES
