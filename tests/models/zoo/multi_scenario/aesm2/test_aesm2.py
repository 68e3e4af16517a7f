from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from aesm2_formula import ByHand, Row
from made_aesm2 import CONFIG, ROWS, made
from made_batches import make_ranker, step_gradients, taken, tensors, weight

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker


def scored(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    outputs = ranker(tensors(rows))
    return np.stack([outputs[name].numpy() for name in ranker.architecture.labels], axis=1)


@pytest.mark.parametrize(
    ("scenarios", "labels", "options"),
    [
        (3, 2, {}),
        (3, 3, {"scenario_levels": 2, "task_levels": 2, "top_specific": 2, "top_shared": 1}),
        (3, 2, {"towers": "scenario_task", "tower_units": ()}),
        (1, 2, {}),
        (3, 1, {}),
    ],
    ids=["defaults", "levels", "towers_of_scenarios", "one_scenario", "one_label"],
)
def test_probabilities_are_the_formula(
    scenarios: int, labels: int, options: dict[str, Any]
) -> None:
    ranker, rows = made(scenarios, labels, scale=0.6, **options)
    tops = [options.get(name, CONFIG[name]) for name in ("top_specific", "top_shared")]
    wanted = np.stack([row.probabilities for row in ByHand(ranker, rows, (*tops,)).rows()])
    assert wanted.std(0).min() > 0.01
    np.testing.assert_allclose(scored(ranker, rows), wanted, rtol=0, atol=1e-6)


def test_all_labels_select_from_one_pool() -> None:
    """A label more costs its gates, its vector and its tower, and no expert."""
    pools = {}
    for labels in (1, 3):
        ranker, _ = made(labels=labels)
        pools[labels] = {
            v.name: v.shape for v in ranker.trainable_variables if "level_0/experts" in v.name
        }
    assert pools[1] == pools[3]
    for output, other in (("click", "action_given_click"), ("action_given_click", "click")):
        ranker, rows = made(training={"loss_weights": {other: 0.0, output: 1.0}})
        _all_alive(ranker)
        gradients = gradients_by_name(ranker, rows)
        for part in ("scenario_level_0", "task_level_0"):
            assert np.any(gradients[f"{part}/experts/dense_0/kernel"] != 0), (output, part)


def gradients_by_name(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = step_gradients(ranker, rows)
    return {
        v.name.removesuffix(":0").partition("aesm2/")[2]: tf.convert_to_tensor(g).numpy()
        for v, g in zip(ranker.trainable_variables, found, strict=True)
    }


def _all_alive(ranker: Ranker) -> None:
    """Biases that no kernel of this size outweighs."""
    for variable in ranker.trainable_variables:
        if "experts" in variable.name and variable.name.endswith("bias:0"):
            variable.assign(tf.fill(variable.shape, 30.0))


def test_a_row_trains_the_experts_that_it_selects() -> None:
    ranker, rows = made(labels=1, tower_units=(), specific_weight=0.0, shared_weight=0.0)
    _all_alive(ranker)
    for row in range(6):
        one = taken(rows, [row])
        (level,) = ByHand(ranker, one, (1, 2)).row(0).of_scenario
        gradients = gradients_by_name(ranker, one)
        kernel = gradients["scenario_level_0/experts/dense_0/kernel"]
        trained = np.any(kernel != 0, axis=(1, 2))
        np.testing.assert_array_equal(trained, level.weights > 0)
        assert 2 <= trained.sum() <= 3


@pytest.mark.parametrize("weights", [0.0, 0.1])
def test_rows_of_a_scenario_train_other_gates_by_the_auxiliary_losses_alone(weights: float) -> None:
    ranker, rows = made(specific_weight=weights, shared_weight=weights)
    _all_alive(ranker)
    mine = taken(rows, rows[SCENARIO_KEY] == 2)
    gates = gradients_by_name(ranker, mine)["scenario_level_0/gates/kernel"]
    assert np.any(gates[2] != 0)
    for other in (0, 1):
        assert np.any(gates[other] != 0) == (weights > 0)


def test_every_expert_is_trained_by_mixed_rows() -> None:
    ranker, rows = made()
    _all_alive(ranker)
    gradients = gradients_by_name(ranker, rows)
    selected = {"scenario": 0.0, "task": 0.0}
    for row in ByHand(ranker, rows, (1, 2)).rows():
        selected["scenario"] += row.of_scenario[0].weights
        selected["task"] += sum(label[0].weights for label in row.of_labels)
    for kind, weights in selected.items():
        kernel = gradients[f"{kind}_level_0/experts/dense_0/kernel"]
        np.testing.assert_array_equal(np.any(kernel != 0, axis=(1, 2)), weights > 0)
        # Three of five and three of four are a row's.
        assert np.sum(weights > 0) >= 3


def test_noise_is_for_training_only() -> None:
    ranker, rows = made(noise_scale=1.0)
    features = ranker.features(tensors(rows))
    architecture = ranker.architecture
    first, second = (architecture(features)["click"].numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    noisy = [architecture(features, training=True)["click"].numpy() for _ in range(2)]
    # With a deviation of five all 30 rows would have to select the same twice.
    assert np.any(noisy[0] != first)
    assert np.any(noisy[0] != noisy[1])
    quiet, _ = made()
    np.testing.assert_array_equal(
        quiet.architecture(quiet.features(tensors(rows)), training=True)["click"], first
    )


def test_one_seed_gives_one_noise() -> None:
    def trained(seed: int) -> list[np.ndarray]:
        options = {**CONFIG, "noise_scale": 1.0}
        ranker = make_ranker(options, seed=seed, optimizer="sgd", learning_rate=0.5)
        _, rows = made()
        for _ in range(2):
            ranker.train_step(tensors(rows))
        return ranker.get_weights()

    first, same = trained(3), trained(3)
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("scenarios", "labels"), [(1, 1), (1, 2), (3, 1)])
def test_where_nothing_is_selected_all_experts_are_mixed(scenarios: int, labels: int) -> None:
    ranker, rows = made(scenarios, labels, noise_scale=0.3)
    losses = ranker.train_step(tensors(rows))
    kinds = {"scenario": scenarios, "task": labels}
    wanted = {
        f"{k}_{part}_loss" for k, n in kinds.items() if n > 1 for part in ("specific", "shared")
    }
    assert {name for name in losses if name.startswith(("scenario_", "task_"))} == wanted
    found = ranker.explain(tensors(rows))
    for kind, count in kinds.items():
        assert np.all(found[f"{kind}_shared"].values == 1) == (count == 1)
        assert np.all(found[f"{kind}_specific"].values == 0) == (count == 1)
        np.testing.assert_allclose(found[f"{kind}_gates_0"].values.sum(-1), 1, atol=1e-6)


def test_explains_who_selects_which_expert() -> None:
    ranker, rows = made(scenario_levels=2)
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    found = ranker.explain(tensors(rows))
    shapes = {name: x.values.shape for name, x in found.items() if x.document()}
    assert {name: shapes[name] for name in shapes if not name.endswith(("entropy", "balance"))} == {
        **{f"scenario_gates_{at}": (3, 5) for at in (0, 1)},
        "task_gates_0": (3, 2, 4),
        **{f"scenario_{part}": (3, 2, 5) for part in ("specific", "shared")},
        **{f"task_{part}": (3, 1, 2, 4) for part in ("specific", "shared")},
        "expert_load": (14,),
        "dead_experts": (14,),
    }
    hand = ByHand(ranker, rows, (1, 2)).rows()
    for k in (0, 2):
        mine = [row for row, at in zip(hand, rows[SCENARIO_KEY], strict=True) if at == k]

        def means(part: str, mine: list[Row] = mine) -> tuple[np.ndarray, np.ndarray]:
            """Of the scenario levels [L, N], and of the task levels [L, C, N]."""
            of_scenario = [[getattr(level, part) for level in row.of_scenario] for row in mine]
            of_labels = [[[getattr(x[0], part) for x in row.of_labels]] for row in mine]
            return np.mean(of_scenario, axis=0), np.mean(of_labels, axis=0)

        for part in ("specific", "shared"):
            for kind, wanted in zip(("scenario", "task"), means(part), strict=True):
                values = found[f"{kind}_{part}"].values[k]
                np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-6)
        scenario, task = means("weights")
        for at in (0, 1):
            values = found[f"scenario_gates_{at}"].values[k]
            np.testing.assert_allclose(values, scenario[at], rtol=0, atol=1e-6)
        np.testing.assert_allclose(found["task_gates_0"].values[k], task[0], rtol=0, atol=1e-6)
    assert np.all(np.isnan(found["task_specific"].values[1]))
    assert found["expert_load"].axes[0].entries == (
        *(f"scenario_{at}_{n}" for at in (0, 1) for n in range(5)),
        *(f"task_0_{n}" for n in range(4)),
    )


def test_experts_that_no_row_selects_are_dead() -> None:
    ranker, rows = made(top_specific=1, top_shared=0)
    bias = weight(ranker, "scenario_level_0/gates/bias")
    # Expert k is scenario k's, and nothing else comes near.
    values = np.zeros([3, 1, 5])
    values[np.arange(3), 0, np.arange(3)] = 50.0
    bias.assign(values)
    found = ranker.explain(tensors(rows))
    np.testing.assert_array_equal(found["scenario_specific"].values[:, 0], np.eye(3, 5))
    np.testing.assert_array_equal(found["dead_experts"].values[:5], [0, 0, 0, 1, 1])
    shares = np.bincount(rows[SCENARIO_KEY], minlength=5) / ROWS
    np.testing.assert_allclose(found["expert_load"].values[:5], shares, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario_expert": 5}, "unknown key 'scenario_expert'; did you mean 'scenario_experts'"),
        ({"scenario_experts": 1}, "'scenario_experts' is 1"),
        ({"top_shared": 5}, "top_shared is 5, and a level has 4 experts to select from"),
        ({"top_specific": 0, "top_shared": 0}, "top_specific and top_shared are both 0"),
    ],
)
def test_settings_that_select_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        make_ranker({**CONFIG, **options})
