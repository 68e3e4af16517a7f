"""The settings of the compared models."""

import pytest

from benchmarks.proof.claims.planted_flows import SEARCHES
from benchmarks.proof.claims.selection import VARIANTS as SELECTION
from benchmarks.proof.models.search import trainings
from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING
from data.synthetic.columns import contract
from models.config import TrainingConfig
from models.registry import parse_model_config


def test_models_with_kernels_of_scenarios_are_pooled_and_no_others() -> None:
    found = {label: parse_model_config(MODELS[label]).deviation_l2 for label in COMPARED}
    pooled = {"mmoe": 1e-3, "ple": 1e-5, "csii": 1e-3, "aem2tl": 1e-5}
    assert found == {label: pooled.get(label) for label in COMPARED}


def test_every_variant_of_a_claim_is_a_models_config() -> None:
    searched = [
        one.model
        for pooling in (False, True)
        for ones in trainings(COMPARED, pooling).values()
        for one in ones
    ]
    selection = [{**MODELS[name], **changed} for name, changed in SELECTION.values()]
    for values in (*MODELS.values(), *searched, *selection):
        assert parse_model_config(values).name == values["name"]


def test_autoifs_searches_through_its_temperatures_and_retrains() -> None:
    training = TrainingConfig(**TRAINING)
    for changed in ({}, *SEARCHES.values()):
        config = parse_model_config({**MODELS["autoifs"], **changed})
        assert config.least_epochs <= training.max_epochs
        assert config.search_epochs == 4
    published = {**MODELS["autoifs"], **SEARCHES["published"]}
    assert published["gate_learning_rate"] == pytest.approx(training.learning_rate / 100)
    assert (published["fusion"], published["selection_start"]) == ("subtractive", "random")


def test_no_gate_of_aem2tl_chooses_between_one_expert() -> None:
    config = parse_model_config(MODELS["aem2tl"])
    assert min(config.shared_experts, config.scenario_experts) > 1
    assert min(config.task_shared_experts, config.task_experts) > 1
    for histories in (False, True):
        column = contract(histories).column("scenario")
        assert column.tags.prior_role == "scenario"
