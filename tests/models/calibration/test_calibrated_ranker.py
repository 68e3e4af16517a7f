"""A calibrated model: its scores, its variables, its losses, and what is exported of it."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from made_batches import randomise
from made_points import expit, most_likely_line
from small_training import LAYOUT, MODEL, TASKS, made_held_rows, made_loop, stopped_after

from models.calibration.fitting import calibrate
from models.calibration.points import points_of
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.metrics.binary import weighted_auc
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.fit import write_calibration
from models.training.scoring import make_scorer

OUTPUTS = [output.name for output in TASKS.outputs]


def made_ranker(calibration: str, **training: object) -> Ranker:
    config = TrainingConfig(batch_size=256, calibration=calibration, **training)
    ranker = Ranker(LAYOUT, TASKS, parse_model_config(MODEL), config)
    randomise(ranker)
    return ranker


def scores_of(ranker: Ranker, rows: InMemorySplit, log_odds: bool = False) -> dict[str, np.ndarray]:
    return make_scorer(ranker, rows, 256, log_odds)(rows)


@pytest.fixture(scope="module")
def rows() -> InMemorySplit:
    """Rows whose labels follow the model's scores, but are rarer, in one scenario more so."""
    made, random = made_held_rows(1_500, 2), np.random.default_rng(3)
    z = scores_of(made_ranker("none"), made, log_odds=True)
    rarer = 0.5 + made.column(SCENARIO_KEY)
    click = random.random(1_500) < expit(0.7 * z["click"] - rarer)
    buy = click & (random.random(1_500) < expit(0.5 * z["buy_given_click"] + 0.3 - rarer))
    columns = {
        target_key("click"): click,
        target_key("buy_given_click"): buy,
        weight_key("buy_given_click"): click,
        target_key("click_and_buy"): buy,
    }
    floats = made.floats.copy()
    for name, values in columns.items():
        floats[:, made.float_names.index(name)] = values
    return dataclasses.replace(made, floats=floats)


def test_a_calibrated_model_is_nearer_to_the_log_and_ranks_alike(rows):
    ranker = made_ranker("isotonic")
    plain, learned = scores_of(ranker, rows), scores_of(ranker, rows, log_odds=True)
    variables = [variable.ref() for variable in ranker.variables]
    batch = next(iter(rows.in_order(256)))
    loss = ranker.test_step(batch)["loss"].numpy()
    fit = calibrate(ranker, rows, ranker.training_config)
    assert [variable.ref() for variable in ranker.variables] == variables
    assert ranker.test_step(batch)["loss"].numpy() == loss
    for output, values in scores_of(ranker, rows, log_odds=True).items():
        np.testing.assert_array_equal(values, learned[output])
    found, scenario = scores_of(ranker, rows), rows.column(SCENARIO_KEY)
    for output in OUTPUTS:
        before, after = (fit["validation"][when][output] for when in ("before", "after"))
        assert after["logloss"] < before["logloss"] - 0.02
        target, weight = rows.column(target_key(output)), rows.column(weight_key(output))
        assert after["logloss"] == pytest.approx(
            np.average(
                -np.where(target > 0.5, np.log(found[output]), np.log1p(-found[output])),
                weights=weight,
            ),
            abs=1e-6,
        )
        if output == "click_and_buy":  # It may be held at its parent.
            continue
        for k in range(2):
            own = scenario == k
            aucs = [
                weighted_auc(target[own], each[output][own], weight[own])
                for each in (learned, found)
            ]
            assert aucs[0] == pytest.approx(aucs[1], abs=2e-5)
    assert (found["click_and_buy"] <= found["click"]).all()
    np.testing.assert_allclose(plain["click"], expit(learned["click"]), atol=1e-6)


def test_platt_by_hand(rows):
    ranker = made_ranker("platt", calibration_rows=40)
    learned = scores_of(ranker, rows, log_odds=True)
    fit = calibrate(ranker, rows, ranker.training_config)
    assert fit["method"] == "platt" and fit["rows"] == 40 and list(fit["outputs"]) == OUTPUTS
    found = scores_of(ranker, rows)
    for output in ("click", "buy_given_click"):
        points, inside = points_of(rows, output, learned[output])
        scenario = rows.column(SCENARIO_KEY)
        pooled = most_likely_line(points)
        for k, name in enumerate(LAYOUT.scenarios):
            own = points.where(scenario[inside] == k)
            weight = own.rarer / (own.rarer + 40)
            slope, offset = weight * most_likely_line(own) + (1 - weight) * pooled
            facts = fit["outputs"][output][name]
            assert (facts["slope"], facts["offset"]) == pytest.approx((slope, offset), abs=1e-5)
            here = scenario == k
            np.testing.assert_allclose(
                found[output][here], expit(slope * learned[output][here] + offset), atol=2e-6
            )


def test_without_a_method_nothing_changes(tmp_path, rows):
    ranker = made_ranker("none")
    before = scores_of(ranker, rows)
    assert calibrate(ranker, rows, ranker.training_config) is None
    assert write_calibration(ranker, {}, rows, str(tmp_path)) is False
    assert not list(tmp_path.iterdir())
    for output, values in scores_of(ranker, rows).items():
        np.testing.assert_array_equal(values, before[output])


def test_the_fit_is_in_the_history(tmp_path, rows):
    ranker = made_ranker("isotonic")
    assert write_calibration(ranker, {"epochs": [], "best_epoch": 0}, rows, str(tmp_path))
    history = json.loads((tmp_path / "history.json").read_text())
    assert list(history) == ["epochs", "best_epoch", "calibration"]
    home = history["calibration"]["outputs"]["click"]["home"]
    assert len(home["knots"]) == len(home["values"]) <= 20
    assert np.diff(home["values"]).min() > 0


@pytest.mark.e2e
def test_a_saved_model_has_the_calibration_and_no_variable_more(tmp_path, rows):
    ranker = made_ranker("isotonic")
    calibrate(ranker, rows, ranker.training_config)
    module = tf.Module()
    columns = {
        name: tf.TensorSpec([None], spec.dtype, name)
        for name, spec in rows.in_order(8).element_spec.items()
        if not name.startswith(("target", "weight", "row__weight"))
    }
    module.score = tf.function(lambda batch: ranker(batch), [columns], autograph=False)
    module.weights = ranker.weights
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert len(loaded.weights) == len(made_ranker("none").weights)
    batch = next(iter(rows.in_order(300)))
    found = loaded.score({name: batch[name] for name in columns})
    wanted = scores_of(ranker, rows)
    for output in OUTPUTS:
        np.testing.assert_allclose(found[output], wanted[output][:300], atol=1e-6)


@pytest.mark.e2e
def test_a_training_that_was_stopped_ends_with_the_same_calibration(tmp_path, rows):
    training = {"max_epochs": 2, "calibration": "platt"}
    whole, loop = made_loop(tmp_path / "whole", training)
    loop.run()
    stopped, loop = made_loop(tmp_path / "stopped", training)
    stopped_after(loop._checkpoints, 1)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    resumed, loop = made_loop(tmp_path / "stopped", training)
    loop.run()
    fits = [calibrate(ranker, rows, ranker.training_config) for ranker in (whole, resumed)]
    for output in OUTPUTS:
        for name in ("*", *LAYOUT.scenarios):
            one, other = (fit["outputs"][output][name] for fit in fits)
            assert one == pytest.approx(other, rel=1e-4)
    plain, loop = made_loop(tmp_path / "plain", {"max_epochs": 2})
    loop.run()
    for one, other in zip(plain.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
