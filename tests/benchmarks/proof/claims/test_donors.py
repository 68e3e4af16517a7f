"""The judging of CSII's donors, by hand."""

import types

import numpy as np
import pytest

from benchmarks.proof.claims.donors import VALUES, VARIANTS, attention_table, attention_to
from benchmarks.proof.worlds.kinds import DONOR, RECIPIENT, SCENARIOS, WORLDS, log_config
from models.registry import parse_model_config


def test_the_control_is_the_world_without_the_donor() -> None:
    donor, control = (log_config(x, 11, 700).world.model_dump() for x in ("donor", "no_donor"))
    assert {key for key in donor if donor[key] != control[key]} == {"tables"}
    assert WORLDS["donor"]["tables"][RECIPIENT] == DONOR
    others = [t for t in range(SCENARIOS) if t != RECIPIENT]
    assert [WORLDS["donor"]["tables"][t] for t in others] == others


def test_every_variant_is_a_models_config() -> None:
    for values in VARIANTS.values():
        assert parse_model_config(values).name == values["name"]


def judged(label: str, seed: int, weight: float) -> types.SimpleNamespace:
    attention = np.full((SCENARIOS, SCENARIOS), 0.1)
    attention[RECIPIENT, DONOR] = weight
    document = {"attention": {"values": attention.tolist()}}
    document["alpha"] = {"values": [0.1 * s for s in range(SCENARIOS)]}
    wanted = types.SimpleNamespace(label=label, seed=seed, model={"name": "csii"})
    lost = {"click": 0.2, "click_and_conversion": 0.4}

    def regret(quantity: str) -> np.ndarray:
        return np.arange(SCENARIOS) * lost[quantity] / RECIPIENT

    return types.SimpleNamespace(wanted=wanted, explanation=document, regret=regret)


def test_attention_and_regret_of_the_recipient() -> None:
    donors = [judged("csii", i, w) for i, w in enumerate((0.3, 0.5))]
    controls = [judged("csii", 0, 0.2)]
    other = judged("mmoe", 0, 0.0)
    assert VALUES["regret, recipient"](donors[0]) == pytest.approx(0.3)
    table = attention_table([*donors, other], controls).splitlines()
    assert len(table) == 3
    cells = [cell.strip() for cell in table[2].strip("|").split("|")]
    # Student's quantile of one degree of freedom times .1: .3 and .5 are .1 from their mean.
    assert cells == ["csii", "0.400 ± 1.271", "0.200", "0.600 ± 0.000", "0.600"] + [
        "0.300 ± 0.000",
        "0.300",
    ]


def test_attention_is_that_of_the_recipients_rows() -> None:
    values = [[0.0, 0.7], [0.3, 0.0]]
    assert attention_to({"values": values}, donor=0, recipient=1) == 0.3
