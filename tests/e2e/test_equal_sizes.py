"""All compared networks, made as for a training."""

import pytest

from benchmarks.proof.models.settings import COMPARED, MODELS, NETWORK_PARAMETERS, TOLERANCE
from benchmarks.proof.models.sizes import columns_of, make_ranker, network_parameters
from data.synthetic.columns import contract

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("label", COMPARED)
def test_a_network_has_the_common_size(label):
    ranker = make_ranker(MODELS[label], columns_of(contract()), contract().tasks)
    assert network_parameters(ranker) == pytest.approx(NETWORK_PARAMETERS, rel=TOLERANCE)
