"""What decides on the better epoch, by hand."""

import logging
import math
import pathlib

import numpy as np
import pytest
from progress_lines import progress
from small_training import TASKS, made_held_rows, made_loop

from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.losses.label_space import LabelSpace
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.loop import TrainingLoop
from models.training.monitor import Monitor
from models.training.validation import validation_metrics
from schemas.task_graph import Label, sorted_by_parents


def entropy(rate: float) -> float:
    return -rate * math.log(rate) - (1 - rate) * math.log(1 - rate)


def loss(rate: float, score: float) -> float:
    return -rate * math.log(score) - (1 - rate) * math.log(1 - score)


def two_labels() -> InMemorySplit:
    """100 rows of home (50 clicks, 10 of them bought), 40 of cart (10 clicks, 5 bought)."""
    scenario = [0] * 100 + [1] * 40
    click = [1] * 50 + [0] * 50 + [1] * 10 + [0] * 30
    buy = [1] * 10 + [0] * 90 + [1] * 5 + [0] * 35
    names = ("click", "buy_given_click", "click_and_buy")
    columns = [
        *zip((target_key(name) for name in names), (click, buy, buy), strict=True),
        *zip((weight_key(name) for name in names), ([1] * 140, click, [1] * 140), strict=True),
    ]
    return InMemorySplit(
        (SCENARIO_KEY,),
        np.array([scenario], np.int32).T,
        tuple(name for name, _ in columns),
        np.array([values for _, values in columns], np.float32).T,
    )


SCORES = {
    "click": np.full(140, 0.4, np.float32),
    "buy_given_click": np.full(140, 0.3, np.float32),
    "click_and_buy": np.full(140, 0.9, np.float32),
}


def value(monitor: Monitor, rows: InMemorySplit, scores: dict[str, np.ndarray]) -> float:
    metrics = validation_metrics(rows, scores, scores)
    return monitor.value(metrics, monitor.by_scenario(scores))


def test_normalized_entropy_by_hand() -> None:
    rows = two_labels()
    monitor = Monitor("normalized_entropy", rows, LabelSpace(TASKS).conditionals, ("home", "cart"))
    # Clicks: home has 50 rows of each class, cart 10 and 30. Of the clicked rows of home 10 were
    # bought and 40 not; cart has 5 of each: too few, pooled alone, and half of a group's weight.
    groups = [
        (loss(0.5, 0.4) / entropy(0.5), 1),
        (loss(0.25, 0.4) / entropy(0.25), 1),
        (loss(0.2, 0.3) / entropy(0.2), 1),
        (loss(0.5, 0.3) / entropy(0.5), 0.5),
    ]
    expected = sum(number * weight for number, weight in groups) / sum(w for _, w in groups)
    assert value(monitor, rows, SCORES) == pytest.approx(expected, rel=1e-6)
    assert monitor.smaller_is_better and monitor.title == "mean normalized entropy"


def test_a_label_counts_once_whatever_outputs_follow_from_it() -> None:
    rows = two_labels()
    monitor = Monitor("normalized_entropy", rows, LabelSpace(TASKS).conditionals, ("home", "cart"))
    others = {**SCORES, "click_and_buy": np.full(140, 0.1, np.float32)}
    assert value(monitor, rows, others) == value(monitor, rows, SCORES)
    assert set(monitor.by_scenario(SCORES)) == {"click", "buy_given_click"}
    mean = Monitor("logloss", rows, LabelSpace(TASKS).conditionals, ("home", "cart"))
    assert value(mean, rows, others) != value(mean, rows, SCORES)


def test_the_other_monitors_are_the_mean_over_all_outputs() -> None:
    rows, scores = two_labels(), dict(SCORES)
    scores["click"] = np.where(rows.column(target_key("click")) > 0, 0.6, 0.4).astype(np.float32)
    conditionals = LabelSpace(TASKS).conditionals
    auc = Monitor("auc", rows, conditionals, ("home", "cart"))
    assert value(auc, rows, scores) == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert not auc.smaller_is_better and auc.title == "mean AUC"
    logloss = Monitor("logloss", rows, conditionals, ("home", "cart"))
    expected = (-math.log(0.6) + loss(15 / 60, 0.3) + loss(15 / 140, 0.9)) / 3
    assert value(logloss, rows, scores) == pytest.approx(expected, rel=1e-6)
    assert logloss.smaller_is_better and logloss.title == "mean log loss"


def test_one_label_of_one_class_is_left_out() -> None:
    rows = two_labels()
    rows.floats[:, rows.float_names.index(target_key("buy_given_click"))] = 0
    monitor = Monitor("normalized_entropy", rows, LabelSpace(TASKS).conditionals, ("home", "cart"))
    alone = Monitor("normalized_entropy", rows, ["click"], ("home", "cart"))
    assert value(monitor, rows, SCORES) == value(alone, rows, SCORES)


def test_without_any_label_of_two_classes_it_is_undefined() -> None:
    rows = two_labels()
    rows.floats[:] = 1
    monitor = Monitor("normalized_entropy", rows, LabelSpace(TASKS).conditionals, ("home", "cart"))
    assert math.isnan(value(monitor, rows, SCORES))


def test_a_label_after_another_counts_once_too() -> None:
    tasks = sorted_by_parents([Label("click", "c"), Label("buy", "b", "click", paths=("click",))])
    assert [output.name for output in tasks.outputs] == [
        "click",
        "buy_given_click",
        "click_and_buy",
        "buy",
    ]
    assert LabelSpace(tasks).conditionals == ("click", "buy_given_click")


@pytest.mark.parametrize(
    ("name", "new", "best", "better"),
    [
        ("normalized_entropy", 0.8, 0.9, True),
        ("normalized_entropy", 0.9, 0.9, False),
        ("logloss", 0.9, 0.8, False),
        ("auc", 0.9, 0.8, True),
        ("auc", 0.8, 0.8, False),
        ("auc", math.nan, 0.1, False),
        ("auc", math.nan, math.nan, False),
        ("normalized_entropy", math.nan, 0.1, False),
        ("normalized_entropy", 5.0, math.nan, True),
    ],
)
def test_better(name: str, new: float, best: float, better: bool) -> None:
    monitor = Monitor(name, made_held_rows(50, seed=1), ["click"], ("home", "cart"))
    assert monitor.better(new, best) is better


def test_it_is_smoother_than_auc_where_positives_are_few() -> None:
    """One pair that swaps its order moves the AUC of 2 positives by 1/4, entropy hardly."""
    rows = two_labels()
    few = rows.at(np.r_[0, 1, 50:52])
    before = {"click": np.array([0.6, 0.501, 0.5, 0.4], np.float32)}
    after = {"click": np.array([0.6, 0.5, 0.501, 0.4], np.float32)}
    moved = {}
    for metric in ("auc", "normalized_entropy"):
        monitor = Monitor(metric, few, ["click"], ("home",))
        moved[metric] = abs(value(monitor, few, before) - value(monitor, few, after))
    assert moved["auc"] == 0.25
    assert 0 < moved["normalized_entropy"] < 0.002


def test_the_defaults() -> None:
    training = TrainingConfig()
    assert (training.monitor, training.patience) == ("normalized_entropy", 2)


@pytest.mark.e2e
def test_a_label_without_a_loss_does_not_decide(tmp_path: pathlib.Path) -> None:
    weights = {"buy_given_click": 0}
    history = made_loop(tmp_path / "run", {"max_epochs": 1, "loss_weights": weights})[1].run()
    (record,) = history["epochs"]
    assert list(record["validation_by_scenario"]) == ["click"]
    groups = record["validation_by_scenario"]["click"]
    expected = np.mean([group["normalized_entropy"] for group in groups])
    assert record["monitor"] == pytest.approx(expected, rel=1e-12)
    assert set(record["validation"]) == {"click", "buy_given_click", "click_and_buy"}


@pytest.mark.e2e
def test_an_undefined_monitor_is_said_once(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    ranker, _ = made_loop(tmp_path / "run", {"max_epochs": 9, "batch_size": 640})
    rows = made_held_rows(300, 2)
    for name in ("click", "buy_given_click", "click_and_buy"):
        rows.floats[:, rows.float_names.index(target_key(name))] = 0
    # A loop of its own rows: the held ones of `made_loop` have both classes.
    loop = TrainingLoop(
        ranker,
        made_held_rows(640, 1),
        rows,
        ranker.training_config,
        Checkpoints(tmp_path, "other", ranker),
        str(tmp_path / "log"),
    )
    with caplog.at_level(logging.WARNING, "polyrank.progress"):
        history = loop.run()
    assert (len(history["epochs"]), history["best_epoch"]) == (3, 0)
    assert [record.getMessage() for record in progress(caplog)] == [
        "the mean normalized entropy is undefined: no label that is learned has validation rows of "
        "both classes, so no epoch can be better than another. Training stops early, after 2 more, "
        "and keeps the first epoch's weights. Take more days or a larger split.validation_fraction"
    ]
