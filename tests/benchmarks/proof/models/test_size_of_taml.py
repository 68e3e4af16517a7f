"""TAML has the common size too, by its layers' own formulas and as it is made."""

import pytest
from test_proof_sizes import INPUTS, LABELS, UNCLICKED, dense

from benchmarks.proof.models.settings import COMPARED, MODELS, NETWORK_PARAMETERS, SIZES, TOLERANCE
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters
from data.synthetic.columns import contract
from models.registry import parse_model_config


def test_taml_has_the_common_size() -> None:
    config = parse_model_config(MODELS["taml"])
    learners = LABELS * config.learners
    experts = config.shared_experts + LABELS * config.task_experts
    experts += learners * config.learner_experts
    seen = config.shared_experts + config.task_experts + config.learner_experts
    first, second = SIZES["taml"]["expert_units"]
    wanted = experts * dense(INPUTS, first, second) + learners * dense(INPUTS, seen)
    wanted += learners * dense(second, 16, 1) + UNCLICKED
    assert wanted == pytest.approx(NETWORK_PARAMETERS, rel=TOLERANCE)
    ranker = make_ranker(MODELS["taml"], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == wanted
    assert "taml" not in COMPARED
