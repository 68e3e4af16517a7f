import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors, weight

from models.features.inputs import SCENARIO_KEY

SIZES = {"expert_units": (8, 6), "tower_units": (5,)}
MMOE_NAMES = {"level_0/gates": "gates/dense", "level_0/shared": "experts", "ple/": "mmoe/"}


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


@pytest.mark.parametrize("gates", ["task", "scenario_task"])
def test_without_specific_experts_it_is_mmoe(gates: str) -> None:
    ple = make_ranker(
        {"name": "ple", "shared_experts": 3, "specific_experts": 0, **SIZES, "gates": gates}
    )
    mmoe = make_ranker({"name": "mmoe", "experts": 3, **SIZES, "gates": gates})
    randomise(ple)
    theirs = {v.name: v for v in mmoe.weights}
    for variable in ple.weights:
        value, name = variable.numpy(), variable.name
        if name.endswith("level_0/gates/kernel:0"):
            # MMoE has one product for all gates, hence its inputs first.
            value = np.moveaxis(value.reshape(-1, *value.shape[-2:]), 1, 0)
        for part, theirs_is in MMOE_NAMES.items():
            name = name.replace(part, theirs_is)
        mine = theirs.pop(name)
        mine.assign(value.reshape(mine.shape))
    assert not theirs
    rows = tensors(batch(50, ple.layout, task_graph(2)))
    for output, values in ple(rows).items():
        np.testing.assert_allclose(values, mmoe(rows)[output], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("gates", ["task", "scenario_task"])
def test_two_levels_are_the_formula(gates: str) -> None:
    ranker = make_ranker(
        {"name": "ple", "levels": 2, "expert_units": (6,), "tower_units": (), "gates": gates}
    )
    randomise(ranker)
    rows = batch(20, ranker.layout, task_graph(2))
    data = tensors(rows)
    features = ranker.features(data)
    flat = np.concatenate([features.fields.numpy().reshape(20, -1), features.numeric], 1)

    def value(part: str, kind: str = "kernel") -> np.ndarray:
        return weight(ranker, f"{part}/{kind}").numpy()

    def experts(part: str, x: np.ndarray, at: tuple[int, ...], count: int) -> list[np.ndarray]:
        kernel, bias = value(f"{part}/dense_0")[at], value(f"{part}/dense_0", "bias")[at]
        return [relu(x @ kernel[n] + bias[n][0]) for n in range(count)]

    outputs = ranker(data)
    for row, scenario in enumerate(rows[SCENARIO_KEY]):
        k = () if gates == "task" else (scenario,)
        first = [experts("level_0/specific", flat[row], (*k, c), 1) for c in range(2)]
        common = experts("level_0/shared", flat[row], (), 2)
        gate = softmax(flat[row] @ value("level_0/shared_gate")[k])
        shared = gate @ [*first[0], *first[1], *common]
        for c, output in enumerate(("click", "action_given_click")):
            x = softmax(flat[row] @ value("level_0/gates")[(*k, c)]) @ [*first[c], *common]
            own = experts("level_1/specific", x, (*k, c), 1)
            second = [*own, *experts("level_1/shared", shared, (), 2)]
            h = softmax(x @ value("level_1/gates")[(*k, c)]) @ second
            logit = h @ value("towers/last")[(*k, c)][:, 0]
            logit += value("towers/last", "bias")[(*k, c)][0, 0] + features.offset[row, c].numpy()
            assert outputs[output][row].numpy() == pytest.approx(1 / (1 + np.exp(-logit)), abs=5e-6)


def test_rows_of_other_scenarios_train_the_shared_experts_only() -> None:
    ranker = make_ranker({"name": "ple", "levels": 2, **SIZES})
    randomise(ranker)
    rows = batch(60, ranker.layout, task_graph(2))
    rows = taken(rows, rows[SCENARIO_KEY] == 2)
    gradients = ranker.training_step.gradients(tensors(rows), tf.constant(20.0)).gradients
    private = 0
    for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
        values = tf.convert_to_tensor(gradient).numpy()
        if any(part in variable.name for part in ("specific", "gate", "towers")):
            private += 1
            assert np.all(values[:2] == 0), variable.name
            assert np.any(values[2] != 0), variable.name
        elif "/shared/" in variable.name:
            assert all(np.any(values[m] != 0) for m in range(2)), variable.name
    assert private == 8 + 3 + 4


def test_explains_the_mean_weights_of_every_level() -> None:
    ranker = make_ranker({"name": "ple", "levels": 2, **SIZES})
    randomise(ranker)
    rows = batch(40, ranker.layout, task_graph(2))
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    explained = ranker.explain(tensors(rows))
    assert list(explained)[0:6:3] == ["gates_0", "gates_1"]
    for found in (explained["gates_0"], explained["gates_1"]):
        assert found.values.shape == (3, 2, 3)
        assert len(found.document()["axes"]) == 3
        np.testing.assert_allclose(found.values[[0, 2]].sum(-1), 1, atol=1e-6)
        assert np.all(np.isnan(found.values[1]))
