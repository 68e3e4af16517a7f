import math

import pytest
from made_batches import five_branch_graph

from models.initial_biases import RARE, initial_biases, starting_rates


def test_only_conditional_outputs_with_a_logit_have_a_base_rate():
    rates = {"click": 0.2, "action_given_click": 1.0, "conversion_given_click": math.nan}
    rates |= {"click_and_conversion": 0.06, "conversion": 0.1}
    found = starting_rates(five_branch_graph(), rates.__getitem__)
    # 0.04 of all rows are converted without a click, which 0.8 of them do not have.
    assert found == {"click": 0.2, "conversion_without_click": pytest.approx(0.05)}


@pytest.mark.parametrize(
    "rates", [{"click": 0.2, "total": 0.06}, {"click": 1.0, "total": 0.06}, {"total": math.nan}]
)
def test_a_label_that_never_comes_without_its_parent_starts_rare(rates):
    found = starting_rates(
        five_branch_graph(),
        {
            "click": rates.get("click", 0.5),
            "action_given_click": 0.5,
            "conversion_given_click": 0.3,
            "click_and_conversion": 0.06,
            "conversion": rates["total"],
        }.__getitem__,
    )
    assert found["conversion_without_click"] == RARE


def test_biases_are_the_logits_and_0_without_a_rate():
    assert initial_biases(("click", "like"), {"click": 0.2}) == pytest.approx([math.log(0.25), 0])
