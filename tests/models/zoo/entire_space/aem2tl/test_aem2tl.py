import numpy as np
import pytest
import tensorflow as tf
from made_aem2tl import FIVE, GATES, SIZES, made
from made_batches import FIVE_BRANCHES, batch, make_ranker, tensors, weight

from models.features.inputs import SCENARIO_KEY


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
        for c, branch in enumerate(FIVE_BRANCHES):
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
        y1, y4, y2, y5, y3 = (y[name] for name in FIVE_BRANCHES)
        pcvr = (1 - y4) * y2 + y4 * y5
        wanted = [y1, y4, y1 * y4, pcvr, y1 * pcvr, y1 * pcvr + (1 - y1) * y3]
        assert list(outputs) == [output.name for output in FIVE.outputs]
        found = [values[row] for values in outputs.values()]
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "logged", "start"),
    [({}, 0.004, 0.004), ({}, None, 0.001), ({"unclicked_initial_rate": 0.002}, 0.004, 0.002)],
    ids=["logged", "never_logged", "given"],
)
def test_the_conversion_starts_at_its_base_rate_and_unclicked_at_its_own(
    given: dict[str, float], logged: float | None, start: float
) -> None:
    rates = {"conversion_given_click": 0.1, "action_given_click": 0.3}
    if logged:
        rates["conversion_without_click"] = logged
    ranker = make_ranker({**SIZES, **given}, tasks=FIVE, base_rates=rates)
    for part in ("kernel", "bias"):
        zero = weight(ranker, f"towers/last/{part}")
        zero.assign(tf.zeros_like(zero))
    rows = tensors(batch(5, ranker.layout, FIVE))
    found = ranker.architecture.branch_log_odds(ranker.features(rows))
    for branch, rate in zip(FIVE_BRANCHES, (0.5, 0.3, 0.1, 0.1, start), strict=True):
        np.testing.assert_allclose(tf.sigmoid(found[branch]), np.full(5, rate), rtol=1e-5)


def test_clicked_conversions_have_the_wide_part_and_unclicked_ones_do_not() -> None:
    ranker, rows = made()
    weights = weight(ranker, "user/weights")
    before = ranker.architecture.branch_log_odds(ranker.features(tensors(rows)))
    weights.assign_add(tf.constant([[0.0, 0.0, 1.0]] * weights.shape[0]))
    after = ranker.architecture.branch_log_odds(ranker.features(tensors(rows)))
    for branch, change in zip(FIVE_BRANCHES, (0, 0, 1, 1, 0), strict=True):
        moved = after[branch] - before[branch]
        np.testing.assert_allclose(moved, np.full(24, change), atol=1e-6)


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
