"""STAR and HiNet have the common size too, by the layers' own formulas and as they are made."""

import pytest
from test_proof_sizes import INPUTS, LABELS, SCENARIOS, UNCLICKED, dense

from benchmarks.proof.models.settings import MODELS, NETWORK_PARAMETERS, SIZES
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters
from data.synthetic.columns import contract

WIDTH = 8


def star():
    """What is shared, and as much of every scenario's own."""
    size = SIZES["star"]
    layers = dense(INPUTS, *size["units"])
    layers += LABELS * dense(size["units"][-1], *size["tower_units"], 1)
    norm = (1 + SCENARIOS) * 2 * INPUTS
    auxiliary = SCENARIOS * WIDTH + dense(INPUTS + WIDTH, 32) + LABELS * dense(32, 1)
    return (1 + SCENARIOS) * layers + norm + auxiliary


def hinet():
    """Two sub-experts of each scenario and two shared ones; experts of tasks, two and two.

    Kernels of scenarios that are pooled are one more, the common one; biases are not.
    """
    size = SIZES["hinet"]
    h, e = size["expert_units"][-1], *size["task_expert_units"]
    scenario_level = 2 * dense(INPUTS, *size["expert_units"]) + 2 * INPUTS
    attention = SCENARIOS * WIDTH + dense(WIDTH, 16, SCENARIOS)
    task_level = (2 * LABELS + 2) * dense(3 * h, e) + LABELS * 3 * h * 4
    towers = LABELS * dense(e, *size["tower_units"], 1)
    biases = 2 * sum(size["expert_units"]) + (2 * LABELS + 2) * e
    biases += LABELS * (sum(size["tower_units"]) + 1)
    pooled = scenario_level + task_level + towers
    return scenario_level + attention + SCENARIOS * pooled + pooled - biases


@pytest.mark.parametrize(("label", "size"), [("star", star()), ("hinet", hinet())])
def test_it_has_the_common_size(label, size):
    assert size + UNCLICKED == pytest.approx(NETWORK_PARAMETERS, rel=0.012)
    ranker = make_ranker(MODELS[label], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == size + UNCLICKED
