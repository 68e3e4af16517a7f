"""The compared networks are equally large, by the layers' own formulas and as they are made."""

import itertools

import pytest

from benchmarks.proof.models.settings import COMPARED, MODELS, NETWORK_PARAMETERS, SIZES, TOLERANCE
from benchmarks.proof.models.sizes import (
    columns_of,
    fitted,
    make_ranker,
    network_parameters,
    scaled,
)
from data.synthetic.columns import contract

SCENARIOS, LABELS = 7, 3

INPUTS = 22 * 8 + 5
"""Of a network: 22 fields of 8 and 5 numbers."""

UNCLICKED = INPUTS * 32 + 32 + 32 + 1 + SCENARIOS
"""The tower of conversions without a click, which all but AEM2TL share."""


def dense(*widths):
    """The parameters of consecutive dense layers with biases."""
    return sum((a + 1) * b for a, b in itertools.pairwise(widths))


def by_hand(label):
    """The parameters of a network without parts of its own kind."""
    size = SIZES[label]
    units = size.get("units") or size.get("bottom_units") or size.get("expert_units") or ()
    if label == "dnn":
        return dense(INPUTS, *units, LABELS)
    if label == "dnn, per scenario":
        return SCENARIOS * dense(INPUTS, *units, LABELS)
    if label == "shared_bottom":
        return dense(INPUTS, *units) + LABELS * dense(units[-1], 64, 1)
    if label == "esmm":
        return LABELS * dense(INPUTS, *size["tower_units"], 1)
    if label == "esm2":
        # A conversion after an action, and one after a click alone.
        return (LABELS + 1) * dense(INPUTS, *size["tower_units"], 1)
    if label == "aitm":
        d = size["tower_units"][-1]
        transfer = dense(d, d) + 3 * d * d
        return LABELS * dense(INPUTS, *size["tower_units"], 1) + (LABELS - 1) * transfer
    towers = LABELS * dense(units[-1], 32, 1)
    if label == "mmoe, task":
        gates = LABELS * INPUTS * size["experts"]
        return size["experts"] * dense(INPUTS, *units) + gates + towers
    assert label == "ple, task"
    # Two shared experts, one of each label's own, and a gate over three.
    return (2 + LABELS) * dense(INPUTS, *units) + LABELS * INPUTS * 3 + towers


PLAIN = ("dnn", "dnn, per scenario", "shared_bottom", "esmm", "mmoe, task", "ple, task")
BY_HAND = (*PLAIN, "aitm", "esm2")


def test_the_inputs_are_those_of_the_log():
    layout = columns_of(contract())
    assert (len(layout.fields), len(layout.numeric)) == (22, 5)
    assert (len(layout.scenarios), len(contract().tasks.labels)) == (SCENARIOS, LABELS)
    sizes = {field.name: field.size for field in columns_of(contract(), ids=500).fields}
    # Eight buckets for what is seldom seen.
    assert (sizes["user_id"], sizes["item_id"], sizes["scenario"]) == (508, 508, 8)


@pytest.mark.parametrize("label", BY_HAND)
def test_a_plain_network_has_the_common_size(label):
    assert by_hand(label) + UNCLICKED == pytest.approx(NETWORK_PARAMETERS, rel=TOLERANCE)


@pytest.mark.parametrize("label", ["mmoe, task", "aitm", "esm2"])
def test_a_network_is_counted_without_its_tables(label):
    few, many = (
        network_parameters(make_ranker(MODELS[label], columns_of(contract(), n), contract().tasks))
        for n in (1, 50)
    )
    assert few == many == by_hand(label) + UNCLICKED


def test_widths_are_scaled_and_towers_are_not():
    model = {"name": "csii", "expert_units": (66, 32), "tower_units": (16,), "units": (10,)}
    half = scaled(model, 0.5)
    assert half == {**model, "expert_units": (33, 16), "units": (5,)}
    # The last of several widths stays a multiple of four.
    assert scaled(model, 0.4)["expert_units"] == (26, 12)
    assert scaled(model, 0.001)["expert_units"] == (1, 4)
    assert model["expert_units"] == (66, 32)
    towers = {"name": "esmm", "tower_units": (208, 96)}
    assert scaled(towers, 0.5) == {**towers, "tower_units": (104, 48)}
    for label in MODELS:
        assert scaled(SIZES[label], 0.5) != SIZES[label], label


def test_a_model_is_fitted_to_a_size():
    model = {"expert_units": (60, 40), "tower_units": (16,)}
    counted = []

    def count(values):
        counted.append(values)
        return dense(50, *values["expert_units"])

    found = fitted(model, 3 * dense(50, 60, 40), count)
    assert count(found) == pytest.approx(3 * dense(50, 60, 40), rel=0.05)
    assert len(counted) <= 7
    assert fitted(model, dense(50, 60, 40), count) == model


def test_eleven_models_are_compared():
    assert len(COMPARED) == 11
    assert set(COMPARED) <= set(MODELS)
