from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import (
    batch,
    layout,
    make_ranker,
    randomise,
    step_gradients,
    taken,
    task_graph,
    tensors,
    weight,
)

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

CONFIG = {
    "name": "hinet",
    "embedding_dim": 4,
    "sub_experts": 2,
    "expert_units": (7, 6),
    "attention_units": (4,),
    "task_expert_units": (5,),
    "tower_units": (4,),
}
LABELS = ("click", "action_given_click")


def made(scenarios: int = 3, scale: float = 0.3, **options: Any) -> Ranker:
    ranker = make_ranker({**CONFIG, **options}, inputs=layout(scenarios))
    randomise(ranker, scale=scale)
    return ranker


def rows_of(ranker: Ranker, rows: int = 30) -> dict[str, np.ndarray]:
    return batch(rows, ranker.layout, task_graph(2))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


class ByHand:
    """The docstring's formulas, row by row, in float64."""

    def __init__(self, ranker: Ranker, rows: dict[str, np.ndarray]) -> None:
        self._ranker = ranker
        features = ranker.features(tensors(rows))
        fields = features.fields.numpy()
        parts = [fields.reshape(len(fields), -1), features.numeric.numpy()]
        self.x = np.concatenate(parts, axis=1).astype(np.float64)
        self.scenario = rows[SCENARIO_KEY]
        self.offset = features.offset.numpy()

    def value(self, name: str) -> np.ndarray:
        return weight(self._ranker, f"hinet/{name}").numpy().astype(np.float64)

    def perceptron(self, part: str, x: np.ndarray, at: Any, layers: int) -> np.ndarray:
        for layer in range(layers):
            name = f"{part}/dense_{layer}"
            x = relu(x @ self.value(f"{name}/kernel")[at] + self.value(f"{name}/bias")[at][0])
        return x

    def integrated(self, part: str, x: np.ndarray, owner: tuple[int, ...]) -> np.ndarray:
        """SEI of one row."""
        group = "specific" if owner else "shared"
        gate = softmax(x @ self.value(f"{part}/gates/kernel")[(*owner, 0)])
        assert len(gate) == 2
        at = [(*owner, 0, n) if owner else n for n in range(2)]
        return gate @ [self.perceptron(f"{part}/{group}", x, place, 2) for place in at]

    def scenario_level(self, row: int, attention: np.ndarray) -> np.ndarray:
        x, k = self.x[row], self.scenario[row]
        private = [self.integrated("scenario_private", x, (j,)) for j in range(len(attention))]
        shared = self.integrated("scenario_shared", x, ())
        return np.concatenate([attention[k] @ private, private[k], shared])

    def probabilities(self, row: int, mixed: np.ndarray, private: bool) -> list[float]:
        found, k = [], (self.scenario[row],) if private else ()
        for c in range(2):
            gate = softmax(mixed @ self.value("task_level/gates/kernel")[(*k, c)])
            assert len(gate) == 4
            own = [(*k, c, n) for n in range(2)]
            experts = [self.perceptron("task_level/specific", mixed, at, 1) for at in own]
            common = [(*k, m) for m in range(2)]
            experts += [self.perceptron("task_level/shared", mixed, at, 1) for at in common]
            h = self.perceptron("towers/hidden", gate @ experts, (*k, c), 1)
            logit = h @ self.value("towers/last/kernel")[(*k, c)][:, 0]
            logit += self.value("towers/last/bias")[(*k, c)][0, 0] + self.offset[row, c]
            found.append(1 / (1 + np.exp(-logit)))
        return found


def attention_of(ranker: Ranker) -> np.ndarray:
    """Its own test has the formula."""
    return ranker.explain(tensors(rows_of(ranker)))["attention"].values


@pytest.mark.parametrize("task_level", ["task", "scenario_task"])
def test_probabilities_are_the_formula(task_level: str) -> None:
    ranker = made(task_level=task_level)
    rows = rows_of(ranker)
    attention, hand = attention_of(ranker), ByHand(ranker, rows)
    assert np.all(np.diag(attention) == 0)
    np.testing.assert_allclose(attention.sum(1), 1, atol=1e-6)
    outputs = ranker(tensors(rows))
    levels = ranker.architecture.scenario_level(ranker.features(tensors(rows))).numpy()
    wanted = []
    for row in range(30):
        mixed = hand.scenario_level(row, attention)
        np.testing.assert_allclose(levels[row], mixed, rtol=0, atol=2e-6)
        wanted.append(hand.probabilities(row, mixed, task_level == "scenario_task"))
    found = np.stack([outputs[name].numpy() for name in LABELS], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)
    assert found.std(0).min() > 0.02


@pytest.mark.parametrize(("scenarios", "widths"), [(1, 2), (2, 3), (3, 3)])
def test_the_scenario_level_reads_others_where_there_are_any(scenarios: int, widths: int) -> None:
    ranker = made(scenarios)
    level = ranker.architecture.scenario_level(ranker.features(tensors(rows_of(ranker))))
    assert level.shape == (30, widths * 6)
    attends = [v.name for v in ranker.trainable_variables if "scenario_attention" in v.name]
    assert bool(attends) == (scenarios > 2)


def lift_biases(ranker: Ranker) -> None:
    """Else the few units of one of many experts, or of a tower, may all be dead."""
    for variable in ranker.trainable_variables:
        if "dense_" in variable.name and variable.name.endswith("bias:0"):
            variable.assign(tf.fill(variable.shape, 0.5))


def gradients_of_rows(ranker: Ranker, scenario: int) -> dict[str, np.ndarray]:
    """Gradients of rows of that scenario alone, by name."""
    rows = rows_of(ranker, 90)
    rows = taken(rows, rows[SCENARIO_KEY] == scenario)
    lift_biases(ranker)
    found = step_gradients(ranker, rows)
    return {
        variable.name.partition("hinet/")[2]: tf.convert_to_tensor(gradient).numpy()
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
        if "hinet/" in variable.name
    }


@pytest.mark.parametrize("stops", [False, True])
def test_what_rows_of_a_scenario_train(stops: bool) -> None:
    found = gradients_of_rows(made(stop_cross_gradient=stops), 2)
    private, level = 0, 0
    for name, gradient in found.items():
        if name.startswith(("task_level", "towers")):
            # No head learns from rows of other scenarios, which public code has.
            private += 1
            assert np.all(gradient[:2] == 0), name
            assert np.any(gradient[2] != 0), name
        elif name.startswith("scenario_private"):
            level += 1
            assert np.any(gradient[2] != 0), name
            others = [bool(np.any(gradient[k] != 0)) for k in (0, 1)]
            assert others == [not stops] * 2, name
        else:
            assert np.any(gradient != 0), name
    assert (private, level) == (5 + 4, 5)


def test_every_sub_expert_and_expert_is_trained() -> None:
    ranker = made(tower_units=())
    lift_biases(ranker)
    gradients = step_gradients(ranker, rows_of(ranker, 90))
    seen = 0
    for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
        if "dense_0/kernel" in variable.name and "attention" not in variable.name:
            stack = tf.convert_to_tensor(gradient).numpy()
            seen += 1
            assert np.all(np.any(stack != 0, axis=(-2, -1))), variable.name
    assert seen == 4


def test_every_label_has_a_gate_of_its_own() -> None:
    ranker = made()
    lift_biases(ranker)
    rows = tensors(rows_of(ranker))
    level = ranker.architecture.scenario_level(ranker.features(rows))[tf.newaxis]

    def gates() -> np.ndarray:
        return ranker.architecture._tasks.gates(level, rows[SCENARIO_KEY]).numpy()

    gates_before = gates()
    before = {name: value.numpy() for name, value in ranker(rows).items()}
    gate = weight(ranker, "task_level/gates/kernel")
    changed = gate.numpy()
    changed[:, 1] += np.random.default_rng(0).normal(size=changed[:, 1].shape)
    gate.assign(changed)
    after, gates_after = ranker(rows), gates()
    np.testing.assert_array_equal(gates_after[0], gates_before[0])
    np.testing.assert_array_equal(after["click"], before["click"])
    # Of every row: of the score a row whose tower is dead would keep what it has.
    assert np.all(np.abs(gates_after[1] - gates_before[1]).max(-1) > 1e-3)
    assert np.abs(after["action_given_click"].numpy() - before["action_given_click"]).max() > 1e-3


def test_explains_gates_that_are_distributions_and_not_constant() -> None:
    ranker = made()
    rows = rows_of(ranker)
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    hand, attention = ByHand(ranker, rows), attention_of(ranker)
    found = ranker.explain(tensors(rows))
    shapes = {name: x.values.shape for name, x in found.items() if x.document()}
    # Shared sub-experts; a scenario's own, and its experts of labels and of all labels.
    assert shapes.pop("expert_load") == shapes.pop("dead_experts") == (2 + 3 * (2 + 2 * 2 + 2),)
    assert {name: x for name, x in shapes.items() if not name.endswith(("entropy", "balance"))} == {
        "attention": (3, 3),
        "scenario_gates_shared": (3, 2),
        "scenario_gates_private": (3, 2),
        "task_gates": (3, 2, 4),
    }
    for k in (0, 2):
        mine = np.flatnonzero(hand.scenario == k)
        gates = {"shared": hand.value("scenario_shared/gates/kernel")[0]}
        gates["private"] = hand.value("scenario_private/gates/kernel")[k, 0]
        for name, kernel in gates.items():
            wanted = np.mean([softmax(hand.x[row] @ kernel) for row in mine], axis=0)
            np.testing.assert_allclose(found[f"scenario_gates_{name}"].values[k], wanted, rtol=1e-5)
        kernels = hand.value("task_level/gates/kernel")[k]
        mixed = [hand.scenario_level(row, attention) for row in mine]
        wanted = np.mean([[softmax(m @ kernel) for kernel in kernels] for m in mixed], axis=0)
        np.testing.assert_allclose(found["task_gates"].values[k], wanted, rtol=1e-5)
        assert np.abs(wanted - 1).min() > 0.1
    assert np.all(np.isnan(found["task_gates"].values[1]))


def test_one_of_everything_learns() -> None:
    ranker = made(sub_experts=1, task_experts=1, task_shared_experts=1, tower_units=(), scale=0.1)
    rows = tensors(rows_of(ranker))
    losses = [float(ranker.train_step(rows)["loss"]) for _ in range(3)]
    assert losses[-1] < losses[0]


def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="unknown key 'sub_expert'; did you mean 'sub_experts'"):
        make_ranker({**CONFIG, "sub_expert": 5})
