"""AutoIFS's schedule, its options, and what it tells of itself."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_autoifs import made, retraining
from made_batches import taken, tensors, weight

from common.settings import SettingsError
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY
from models.registry import parse_model_config
from models.schedule import Phase
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS


def test_temperature_goes_from_1_to_100_by_one_factor() -> None:
    ranker, _ = made(random=False, search_epochs=10)
    found = []
    for epoch in range(10):
        ranker.architecture.start_epoch("search", epoch)
        found.append(float(weight(ranker, "temperature").numpy()))
    np.testing.assert_allclose(found[0], 1)
    np.testing.assert_allclose(found[-1], 100, rtol=1e-6)
    np.testing.assert_allclose(np.divide(found[1:], found[:-1]), 1.668, atol=1e-3)
    gates = tf.sigmoid(found[-1] * tf.constant([-0.07, 0.07])).numpy()
    np.testing.assert_allclose(gates, [0, 1], atol=1e-3)


def test_a_search_of_one_epoch_stays_at_temperature_1() -> None:
    ranker, _ = made(random=False, search_epochs=1)
    ranker.architecture.start_epoch("search", 0)
    assert float(weight(ranker, "temperature").numpy()) == 1


@pytest.mark.e2e
def test_retraining_leaves_gates_alone_and_reads_the_frozen_embeddings() -> None:
    ranker, rows = made()
    retraining(ranker)
    features = ranker.features(tensors(rows))
    gates = ranker.architecture.gates(features).numpy()
    assert set(np.unique(gates)) == {0.0, 1.0}
    fixed = [v for v in ranker.weights if "selection" in v.name or "frozen" in v.name]
    assert len(fixed) == 4 + 5
    before = [v.numpy() for v in fixed]
    table = ranker.embeddings.tables["user"].numpy()
    for _ in range(3):
        ranker.train_step(tensors(rows))
    for variable, value in zip(fixed, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert np.any(ranker.embeddings.tables["user"].numpy() != table)
    np.testing.assert_array_equal(
        ranker.architecture.gates(ranker.features(tensors(rows))).numpy(), gates
    )


@pytest.mark.e2e
def test_the_selection_network_learns_at_its_own_rate() -> None:
    ranker, rows = made(gate_learning_rate=0.5)
    watched = [weight(ranker, "heads/kernel"), weight(ranker, "task_shared_0/kernel")]
    before = [v.numpy() for v in watched]
    ranker.train_step(tensors(rows))
    moves = [np.abs(v.numpy() - b).max() for v, b in zip(watched, before, strict=True)]
    # Adam's first step is the rate.
    np.testing.assert_allclose(moves, [0.5, 1e-3], rtol=1e-2)
    training = TrainingConfig(learning_rate=0.02)
    (group,) = made()[0].architecture.parameter_groups(training, [])
    assert group.learning_rate == 0.02


def test_phases_share_the_trainings_epochs() -> None:
    architecture = made(random=False, search_epochs=4, retrain_learning_rate=1e-4)[0].architecture
    assert architecture.phases(TrainingConfig(max_epochs=9)) == (
        Phase("search", 4, early_stopping=False, snapshot_at=3),
        Phase("retrain", 5, learning_rate=1e-4, rewind=True),
    )
    architecture = made(random=False, search_epochs=4, rewind_epoch=0)[0].architecture
    assert architecture.phases(TrainingConfig(max_epochs=5))[0].snapshot_at == 0
    with pytest.raises(SettingsError, match=r"search_epochs is 4.*max_epochs 4"):
        architecture.phases(TrainingConfig(max_epochs=4))


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ({"rewind_epoch": 3, "search_epochs": 3}, "rewind_epoch from 0 to 2"),
        ({"gate_penalty": float("inf")}, "gate_penalty"),
        ({"gate_penalty": [0.1, 0.2]}, "gate_penalty"),
        ({"final_temperature": 0.5}, "final_temperature"),
        ({"scenario_units": ()}, "scenario_units"),
        ({"fusion": "multiplicative"}, "fusion"),
    ],
)
def test_options_that_cannot_be_used_are_refused(option: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        parse_model_config({"name": "autoifs", **option})


def test_records_the_epochs_mean_gates() -> None:
    ranker, rows = made(search_epochs=3)
    architecture = ranker.architecture
    gates: list[np.ndarray] = []
    for epoch in range(2):
        architecture.start_epoch("search", epoch)
        gates.clear()
        for part in (slice(0, 20), slice(20, 30)):
            some = tensors(taken(rows, part))
            gates.append(architecture.gates(ranker.features(some)).numpy())
            ranker(some, training=True)
    record = architecture.epoch_logs()
    assert record["temperature"] == pytest.approx(10)
    means = np.concatenate(gates).mean(0)
    for c, label in enumerate(("click", "action_given_click")):
        found = [record["mean_gate"][label][flow] for flow in FLOWS]
        np.testing.assert_allclose(found, means[c], rtol=1e-4)
    retraining(ranker)
    architecture.start_epoch("retrain", 0)
    ranker(tensors(rows), training=True)
    assert set(architecture.epoch_logs()) == {"mean_gate"}


def test_explains_what_every_scenario_keeps() -> None:
    ranker, rows = made()
    rows = taken(rows, np.sort(np.argsort(rows[SCENARIO_KEY] == 1, kind="stable")[:18]))
    scores = ranker.architecture.scores(ranker.features(tensors(rows))).numpy()
    found = ranker.explain(tensors(rows))
    assert set(found) == {"kept", "gate_value"}
    for k in (0, 2):
        own = scores[rows[SCENARIO_KEY] == k]
        np.testing.assert_allclose(found["kept"].values[k], (own <= 0).mean(0), rtol=1e-6)
        wanted = (1 / (1 + np.exp(-own))).mean(0)
        np.testing.assert_allclose(found["gate_value"].values[k], wanted, rtol=1e-5)
    assert np.all(np.isnan(found["kept"].values[1]))
    assert found["kept"].document()["axes"][2] == {"name": "flow", "entries": list(FLOWS)}
