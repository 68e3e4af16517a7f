from typing import Any

import numpy as np
import pytest
from made_batches import (
    batch,
    make_ranker,
    randomise,
    step_gradients,
    taken,
    task_graph,
    tensors,
    weight,
)

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

SMALL = {"name": "dnn", "embedding_dim": 4, "units": (8, 6)}


def made(**options: Any) -> Ranker:
    ranker = make_ranker({**SMALL, **options})
    randomise(ranker, scale=0.1)
    return ranker


@pytest.mark.parametrize("networks", ["shared", "scenario"])
def test_probabilities_are_the_formula(networks: str) -> None:
    ranker = made(networks=networks)
    rows = tensors(batch(20, ranker.layout, task_graph(2)))
    features = ranker.features(rows)
    inputs = np.concatenate([features.fields.numpy().reshape(20, -1), features.numeric], 1)
    assert inputs.shape == (20, 4 * 4 + 2)
    outputs = ranker(rows)
    for row in range(20):
        own = (int(rows[SCENARIO_KEY][row]),) if networks == "scenario" else ()
        hidden = inputs[row]
        for layer in ("hidden/dense_0", "hidden/dense_1", "last"):
            kernel, bias = (weight(ranker, f"{layer}/{x}").numpy()[own] for x in ("kernel", "bias"))
            hidden = hidden @ kernel + bias[0]
            if layer != "last":
                hidden = np.maximum(hidden, 0)
        logits = hidden + features.offset[row].numpy()
        for output, logit in zip(("click", "action_given_click"), logits, strict=True):
            assert outputs[output][row].numpy() == pytest.approx(1 / (1 + np.exp(-logit)), abs=2e-6)


def test_a_row_trains_the_network_of_its_scenario_only() -> None:
    ranker = made(networks="scenario")
    rows = batch(64, ranker.layout, task_graph(2))
    mine = taken(rows, rows[SCENARIO_KEY] == 1)
    names = [v.name for v in ranker.trainable_variables]
    gradients = dict(zip(names, step_gradients(ranker, mine), strict=True))
    private = [name for name in names if "hidden/" in name or "last/" in name]
    assert len(private) == 6
    for name in private:
        gradient = gradients[name].numpy()
        assert gradient.shape[0] == 3
        assert np.any(gradient[1])
        assert not np.any(gradient[[0, 2]])


def test_networks_of_scenarios_that_are_pooled_start_as_one() -> None:
    ranker = make_ranker({**SMALL, "networks": "scenario", "deviation_l2": 0.01})
    rows = batch(64, ranker.layout, task_graph(2))
    changed = dict(rows, **{SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3})
    one, other = ranker(tensors(rows)), ranker(tensors(changed))
    for output in one:
        np.testing.assert_array_equal(one[output], other[output])
    assert [v.shape[0] for v in ranker.trainable_variables if "common" in v.name] == [1, 1, 1]
    # Nothing to pool where there is one network.
    plain = make_ranker({**SMALL, "deviation_l2": 0.01})
    assert not any("deviation" in v.name for v in plain.weights)


def test_without_hidden_layers_it_is_a_regression_on_the_embeddings() -> None:
    ranker = make_ranker({**SMALL, "units": ()})
    assert weight(ranker, "last/kernel").shape == (18, 2)
