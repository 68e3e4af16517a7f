"""What a matrix of transfer says to do."""

import pytest
from made_transfer import matrix

from cli.compare.transfer.advice import advice, conclusion

GAIN, LOSS = [0.65, 0.661, 0.67], [0.7, 0.7001, 0.6999]
"""Home is about .05 better together on every seed; cart about .1 worse."""
UNSURE = [0.72, 0.69, 0.73]


@pytest.mark.parametrize(
    ("home", "cart", "said"),
    [
        (GAIN, [0.55, 0.5501, 0.5498], "Train one model for all scenarios: home and cart gain by"),
        (GAIN, LOSS, "One model for all has a price: cart loses by it, home gains (of 2 scenar"),
        (GAIN, [0.6, 0.59, 0.61], "home gains by it, and none is proved to lose (of 2 scenarios"),
        (UNSURE, [0.6, 0.59, 0.61], "No scenario is proved to gain or to lose by training togeth"),
        ([0.65], [0.7], "One seed: a difference may be chance; repeat it with --seeds 3 or more"),
    ],
)
def test_the_conclusion_names_who_gains_and_who_loses(home, cart, said):
    assert said in conclusion(matrix(home, cart))


def test_a_scenario_is_advised_by_its_own_numbers():
    said = advice(matrix(GAIN, LOSS))
    assert said["home"].startswith(
        "Train it together with the others: its AUC is higher by +0.0497 ± 0.0014."
    )
    assert said["cart"].startswith("It is better off alone: together its AUC differs by -0.1000 ±")
    # Differences .003, .004, .005: p is .0202, and twice that with two tests.
    assert "It loses by the rows of home (-0.0040 ± 0.0025): try it without them." in said["cart"]
    assert "No single scenario's rows make a proved difference to it." not in said["cart"]
    assert said["tiny"] == (
        "No output has 30 positives and 30 negatives among its eval rows: nothing can be said."
    )


def test_what_is_not_proved_is_not_claimed():
    said = advice(matrix(UNSURE, LOSS))["home"]
    assert said.startswith("Together or alone makes no proved difference (-0.0033 ± ")
    one = advice(matrix([0.65], [0.7]))
    assert one["home"] == (
        "With all rows its AUC differs by +0.0500 from that with its own rows alone."
    )
