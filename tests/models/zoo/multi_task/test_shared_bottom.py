import numpy as np
import pytest
from made_batches import batch, make_ranker, randomise, task_graph, tensors, weight

from models.features.inputs import SCENARIO_KEY


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


@pytest.mark.parametrize("towers", ["task", "scenario_task"])
def test_probabilities_are_the_formula(towers: str) -> None:
    ranker = make_ranker(
        {"name": "shared_bottom", "bottom_units": (8, 6), "tower_units": (5,), "towers": towers}
    )
    randomise(ranker)
    rows = tensors(batch(20, ranker.layout, task_graph(2)))
    features = ranker.features(rows)
    hidden = np.concatenate([features.fields.numpy().reshape(20, -1), features.numeric], 1)
    for layer in ("bottom/dense_0", "bottom/dense_1"):
        kernel, bias = (weight(ranker, f"{layer}/{x}").numpy() for x in ("kernel", "bias"))
        hidden = relu(hidden @ kernel + bias)
    kernel, bias, last_kernel, last_bias = (
        weight(ranker, f"towers/{x}").numpy()
        for x in ("hidden/dense_0/kernel", "hidden/dense_0/bias", "last/kernel", "last/bias")
    )
    outputs = ranker(rows)
    for row in range(20):
        k = int(rows[SCENARIO_KEY][row])
        for c, output in enumerate(("click", "action_given_click")):
            tower = (c,) if towers == "task" else (k, c)
            z = relu(hidden[row] @ kernel[tower] + bias[tower][0])
            logit = z @ last_kernel[tower][:, 0] + last_bias[tower][0, 0]
            logit += features.offset[row, c].numpy()
            assert outputs[output][row].numpy() == pytest.approx(1 / (1 + np.exp(-logit)), abs=2e-6)


def test_a_wide_shared_tower_knows_scenarios_by_their_field_only() -> None:
    shared = make_ranker({"name": "shared_bottom"})
    private = make_ranker({"name": "shared_bottom", "towers": "scenario_task"})
    assert weight(shared, "towers/last/kernel").shape == (2, 64, 1)
    assert weight(private, "towers/last/kernel").shape == (3, 2, 64, 1)
