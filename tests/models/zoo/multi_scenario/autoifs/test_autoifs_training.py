"""Search and retraining in the real loop, stopped in each of them, and what a search learns."""

import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, task_graph, tensors
from small_training import made_loop, stopped_after

from models import registry
from models.config import TrainingConfig
from models.features.inputs import (
    SCENARIO_KEY,
    Field,
    InputLayout,
    target_key,
    value_key,
    weight_key,
)
from models.ranker import Ranker
from models.schedule import Phase
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

pytestmark = pytest.mark.e2e

MODEL = {
    "name": "autoifs",
    "bottom_units": [8],
    "scenario_units": [6],
    "selection_units": [5],
    "embedding_dim": 4,
    "search_epochs": 2,
    "rewind_epoch": 1,
}
TRAINING = {"max_epochs": 4, "patience": 5}


def watched(ranker: Any, parts: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {v.name: v.numpy() for v in ranker.weights if any(p in v.name for p in parts)}


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], Any]:
    """The weights and the history of an uninterrupted training."""
    folder = tmp_path_factory.mktemp("whole")
    ranker, loop = made_loop(folder / "run", TRAINING, model=MODEL)
    history = loop.run()
    return watched(ranker, ("",)), history


def test_retraining_starts_from_the_rewound_weights_with_the_searchs_gates(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranker, loop = made_loop(tmp_path / "run", TRAINING, model=MODEL)
    seen: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    tables: dict[str, np.ndarray] = {}
    architecture: Any = ranker.architecture
    start_epoch, finish_phase = architecture.start_epoch, architecture.finish_phase

    def started(phase: str, epoch: int) -> None:
        seen[phase, epoch] = watched(ranker, ("",))
        start_epoch(phase, epoch)

    def finished(name: str, embeddings: Any) -> None:
        if name == "search":
            tables.update(watched(embeddings, ("",)))
            seen["search", 2] = watched(ranker, ("",))
        finish_phase(name, embeddings)

    monkeypatch.setattr(architecture, "start_epoch", started)
    monkeypatch.setattr(architecture, "finish_phase", finished)
    loop.run()

    kept = ("selection", "frozen")
    weights = [
        n for n in seen["search", 0] if not any(k in n for k in (*kept, "temperature", "mean_gate"))
    ]
    start = seen["retrain", 0]
    assert equal({n: start[n] for n in weights}, seen["search", 1])
    assert not equal({n: start[n] for n in weights}, seen["search", 2])
    gates = {n: value for n, value in start.items() if "selection" in n}
    assert len(gates) == 4
    assert equal(gates, seen["search", 2])
    assert not equal(gates, seen["search", 1])
    for name, value in tables.items():
        (frozen,) = [
            n for n in start if "frozen" in n and n.endswith("/".join(name.split("/")[-2:]))
        ]
        np.testing.assert_array_equal(start[frozen], value)
    end = watched(ranker, kept)
    assert equal(end, start)
    assert not equal({n: start[n] for n in weights}, watched(ranker, ("",)))


def test_history_tells_phases_temperature_and_gates(whole: tuple[Any, Any]) -> None:
    _, history = whole
    epochs = history["epochs"]
    assert [record["phase"] for record in epochs] == ["search", "search", "retrain", "retrain"]
    assert [record.get("temperature") for record in epochs] == [1, 100, None, None]
    assert history["best_epoch"] in (2, 3)
    for record in epochs:
        for label in ("click", "buy_given_click"):
            means = np.array([record["mean_gate"][label][flow] for flow in FLOWS])
            assert np.all((means >= 0) & (means <= 1))


# Ten steps an epoch and a checkpoint after each: in the search, at its end, at the rewind's,
# and in the retraining.
@pytest.mark.parametrize("saves", [4, 20, 21, pytest.param(25, marks=pytest.mark.slow)])
def test_a_training_stopped_in_either_phase_ends_as_an_uninterrupted_one(
    tmp_path: pathlib.Path, whole: tuple[dict[str, np.ndarray], Any], saves: int
) -> None:
    weights, history = whole
    _, loop = made_loop(tmp_path / "run", TRAINING, checkpoint_seconds=0, model=MODEL)
    stopped_after(loop._checkpoints, saves)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    resumed, loop = made_loop(tmp_path / "run", TRAINING, model=MODEL)
    assert loop.run() == history
    found = watched(resumed, ("",))
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_both_phases_compiled_train_alike(
    tmp_path: pathlib.Path, whole: tuple[dict[str, np.ndarray], Any]
) -> None:
    """Without dropout, whose draws XLA makes otherwise, and with SGD, which hides no factor."""
    found = []
    for xla in (False, True):
        training = {**TRAINING, "xla": xla, "optimizer": "sgd"}
        ranker, loop = made_loop(tmp_path / str(xla), training, rows=128, model=MODEL, dropout=0.0)
        history = loop.run()
        found.append(watched(ranker, ("",)))
        assert [record["phase"] for record in history["epochs"]] == ["search"] * 2 + ["retrain"] * 2
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_overflow_under_the_loss_scale_leaves_the_selection_network() -> None:
    training = {"precision": "mixed_float16", "batch_size": 64}
    ranker = make_ranker({**MODEL, "selection_start": "random"}, **training)
    rows = tensors(batch(64, layout(), task_graph(2)))
    ranker.train_step(rows)
    (optimizer,) = ranker.group_optimizers
    # Adam's averages: zeros for gradients would move them.
    moments = [v for v in optimizer.inner_optimizer.variables if v.shape.rank]
    old = [v.numpy() for v in moments]
    before = watched(ranker, ("selection",))
    ranker.optimizer._loss_scale.current_loss_scale.assign(2.0**60)
    ranker.train_step(rows)
    assert (len(before), len(moments)) == (4, 8)
    assert equal(before, watched(ranker, ("selection",)))
    for value, variable in zip(old, moments, strict=True):
        assert np.any(value)
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_search_removes_private_flows_that_are_noise() -> None:
    """Labels that follow one rule in every scenario: private parts can only fit noise."""
    inputs = InputLayout(
        (Field("scenario", 3),), tuple(f"x{n}" for n in range(6)), ("s0", "s1", "s2")
    )
    tasks = task_graph(1)
    config = registry.parse_model_config(
        {
            "name": "autoifs",
            "embedding_dim": 4,
            "bottom_units": (16,),
            "scenario_units": (8,),
            "selection_units": (8,),
            "wide": False,
        }
    )
    ranker = Ranker(inputs, tasks, config, TrainingConfig(learning_rate=0.01))
    step = tf.function(ranker.train_step, reduce_retracing=True)
    random = np.random.default_rng(0)

    def rows(count: int) -> dict[str, tf.Tensor]:
        scenario = random.integers(0, 3, count)
        numbers = random.normal(size=(count, 6)).astype(np.float32)
        logit = 1.5 * numbers[:, 0] - numbers[:, 1] * numbers[:, 2]
        click = (random.random(count) < 1 / (1 + np.exp(-logit))).astype(np.float32)
        return {
            SCENARIO_KEY: tf.constant(scenario),
            inputs.fields[0].key: tf.constant(scenario),
            **{value_key(f"x{n}"): tf.constant(numbers[:, n]) for n in range(6)},
            target_key("click"): tf.constant(click),
            weight_key("click"): tf.ones(count),
        }

    for epoch in range(3):
        ranker.architecture.start_epoch("search", epoch)
        for _ in range(150):
            step(rows(64))
    ranker.architecture.finish_phase("search", ranker.embeddings)
    ranker.start_phase(Phase("retrain", 1))
    gates = ranker.architecture.gates(ranker.features(rows(4000))).numpy()
    removed = dict(zip(FLOWS, gates[:, 0].mean(0), strict=True))
    private = [removed[n] for n in FLOWS if n.startswith("scenario_specific")]
    assert min(private) > removed["scenario_shared_to_task_shared"]
