"""Weights of losses are checked against the outputs that have a loss, before a model exists."""

import pytest
import tensorflow as tf
from made_batches import make_ranker, task_graph

from common.settings import SettingsError
from models import registry
from models.config import ModelConfig
from models.feature_struct import Features
from models.losses import weights as loss_weights
from models.losses.log_odds import both
from models.losses.predictions import Supervision
from models.losses.weights import check_loss_weights, check_loss_weights_of, weighed_labels
from models.zoo.multi_task.shared_bottom import SharedBottom
from schemas.task_graph import TaskGraph

TASKS = task_graph(2)
ENTIRE = {"aem2tl": {"entire_space": True}, "csii": {"loss_space": "entire"}}


def settings(name: str, **values: object) -> ModelConfig:
    return registry.parse_model_config({"name": name, **values})


@pytest.mark.parametrize("name", registry.names())
def test_the_outputs_with_a_loss_are_known_before_the_model(name: str) -> None:
    for values in ({}, ENTIRE.get(name, {})):
        ranker = make_ranker({"name": name, **values}, tasks=TASKS)
        known = registry.architecture(name).outputs_with_loss(ranker.model_config, TASKS)
        assert known == ranker.supervised_outputs


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (settings("mmoe"), ("click", "action_given_click")),
        (settings("esmm"), ("click", "click_and_action")),
        (settings("csii", loss_space="entire"), ("click", "click_and_action")),
        (settings("csii", loss_space="conditional"), ("click", "action_given_click")),
    ],
    ids=["mmoe", "esmm", "csii-entire", "csii-conditional"],
)
def test_a_weight_is_of_an_output_that_the_model_has_a_loss_of(model, wanted):
    check_loss_weights_of(dict.fromkeys(wanted, 2.0), model, TASKS)
    (other,) = {"action_given_click", "click_and_action"} - set(wanted)
    with pytest.raises(SettingsError) as error:
        check_loss_weights_of({other: 1.0}, model, TASKS)
    assert str(error.value) == (
        f"training.loss_weights: '{model.name}' has no loss on '{other}' to weigh; it has one on "
        f"{', '.join(wanted)}"
    )
    with pytest.raises(SettingsError) as error:
        check_loss_weights_of({"clik": 1.0}, model, TASKS)
    assert str(error.value) == (
        "training.loss_weights: 'clik' is no such output; did you mean 'click'?"
    )


def test_some_loss_must_weigh_something():
    outputs = ("click", "action_given_click")
    check_loss_weights({}, outputs)
    check_loss_weights({"click": 0.0}, outputs)
    with pytest.raises(SettingsError) as error:
        check_loss_weights(dict.fromkeys(outputs, 0.0), outputs)
    assert str(error.value) == (
        "training.loss_weights: every output's weight is 0 (click, action_given_click): nothing "
        "would be learned; give at least one a weight above 0"
    )


@pytest.mark.parametrize(
    ("outputs", "weights", "learned"),
    [
        (("click", "action_given_click"), {}, ("click", "action_given_click")),
        (("click", "action_given_click"), {"click": 0.0}, ("action_given_click",)),
        (("click", "action_given_click"), {"action_given_click": 0.0}, ("click",)),
        (("click", "click_and_action"), {"click_and_action": 0.0}, ("click",)),
        (("click", "click_and_action"), {"click": 0.0}, ("click", "action_given_click")),
        (("click", "click_and_action"), {"click": 1e-9}, ("click", "action_given_click")),
    ],
    ids=["all", "no_click", "no_action", "no_joint", "click_by_the_joint", "tiny"],
)
def test_labels_that_no_loss_teaches(outputs, weights, learned):
    assert weighed_labels(weights, outputs, TASKS) == learned


class JointToo(SharedBottom):
    """A further prediction learns the joint output, which conditional losses leave out."""

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> dict[str, Supervision]:
        return {**super().supervisions(config, tasks), "both": Supervision("click_and_action")}

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        found = super().call(features, training)
        return found | {"both": both(found["click"], found["action_given_click"])}


def test_an_output_that_a_further_prediction_learns_has_a_loss_to_weigh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {"click_and_action": 2.0}
    monkeypatch.setattr(registry, "architecture", lambda _: JointToo)
    ranker = make_ranker({"name": "shared_bottom"}, loss_weights=weights)
    monkeypatch.setattr(loss_weights, "architecture", lambda _: JointToo)
    check_loss_weights_of(weights, ranker.model_config, TASKS)
    assert ranker.supervised_outputs == ("click", "action_given_click", "click_and_action")
