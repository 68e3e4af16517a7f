"""CausalInt has the common size too, by its layers' own formulas and as it is made."""

import pytest
from test_proof_sizes import INPUTS, LABELS, SCENARIOS, UNCLICKED, dense

from benchmarks.proof.models.settings import MODELS, NETWORK_PARAMETERS, SIZES
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters, scaled
from data.synthetic.columns import contract


def test_causalint_has_the_common_size():
    units, width = SIZES["causalint"]["encoder_units"], SIZES["causalint"]["transfer_width"]
    h = units[-1]
    wanted = 2 * (dense(INPUTS, *units) + 2 * sum(units))
    wanted += dense(h, LABELS) + dense(2 * h, LABELS) + dense(h, SCENARIOS)
    wanted += SCENARIOS * dense(h, width * width) + LABELS * dense(h, width)
    wanted += SCENARIOS * LABELS * dense(width, 1) + UNCLICKED
    assert wanted == pytest.approx(NETWORK_PARAMETERS, rel=0.012)
    ranker = make_ranker(MODELS["causalint"], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == wanted


def test_its_encoders_are_scaled():
    assert scaled(SIZES["causalint"], 0.5)["encoder_units"] == (106, 32)
