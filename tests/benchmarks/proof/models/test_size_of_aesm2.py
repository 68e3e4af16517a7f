"""AESM2 has the common size too, by its layers' own formulas and as it is made."""

import pytest
from test_proof_sizes import INPUTS, LABELS, SCENARIOS, UNCLICKED, dense

from benchmarks.proof.models.settings import COMPARED, MODELS, NETWORK_PARAMETERS, SIZES
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters
from data.synthetic.columns import contract
from models.registry import parse_model_config

WIDTH = 8


def test_aesm2_has_the_common_size() -> None:
    config, size = parse_model_config(MODELS["aesm2"]), SIZES["aesm2"]
    h, (e,) = size["expert_units"][-1], size["task_expert_units"]
    wanted = config.scenario_experts * dense(INPUTS, *size["expert_units"])
    wanted += SCENARIOS * dense(INPUTS + WIDTH, config.scenario_experts)
    wanted += config.task_experts * dense(h, e)
    wanted += LABELS * dense(h + 2 * WIDTH, config.task_experts)
    wanted += (SCENARIOS + LABELS) * WIDTH
    wanted += LABELS * dense(e, *size["tower_units"], 1) + UNCLICKED
    assert wanted == pytest.approx(NETWORK_PARAMETERS, rel=0.012)
    ranker = make_ranker(MODELS["aesm2"], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == wanted
    assert "aesm2" not in COMPARED
