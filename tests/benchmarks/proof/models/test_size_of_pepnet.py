"""PEPNet has the common size, by its layers' own formulas and as it is made."""

import pytest
from test_proof_sizes import INPUTS, LABELS, UNCLICKED, dense

from benchmarks.proof.models.settings import MODELS, NETWORK_PARAMETERS, SIZES
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters
from data.synthetic.columns import contract

WIDTH = 8
SCENARIO_PRIORS, PERSONAL_PRIORS = 1, 4
"""Fields: the scenario; the ids, the users' segment and the items' category."""


def test_the_columns_have_priors_of_both_kinds():
    roles = [
        field.prior_role == "scenario" for field in columns_of(contract()).fields if field.prior
    ]
    assert (sum(roles), len(roles) - sum(roles)) == (SCENARIO_PRIORS, PERSONAL_PRIORS)


def test_it_has_the_common_size():
    size = SIZES["pepnet"]
    units = size["tower_units"]
    read = SCENARIO_PRIORS * WIDTH + INPUTS
    found = dense(read, size["scenario_gate_units"], INPUTS)
    read = PERSONAL_PRIORS * WIDTH + INPUTS
    gates = sum(dense(read, size["personal_gate_units"], width) for width in (INPUTS, *units))
    found += LABELS * (gates + dense(INPUTS, *units, 1)) + UNCLICKED
    assert found == pytest.approx(NETWORK_PARAMETERS, rel=0.012)
    ranker = make_ranker(MODELS["pepnet"], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == found
