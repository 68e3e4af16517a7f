import math

import pytest
from made_batches import five_branch_graph

from models.initial_biases import conditional_base_rates, initial_biases


def test_only_conditional_outputs_with_a_logit_have_a_base_rate():
    rates = {"click": 0.2, "conversion_given_click": math.nan, "action_given_click": 1.0}
    found = conditional_base_rates(five_branch_graph(), rates.__getitem__)
    assert found == {"click": 0.2}


def test_biases_are_the_logits_and_0_without_a_rate():
    assert initial_biases(("click", "like"), {"click": 0.2}) == pytest.approx([math.log(0.25), 0])
