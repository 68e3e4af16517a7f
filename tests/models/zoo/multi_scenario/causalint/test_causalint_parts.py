"""The parts of CausalInt, one by one."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, taken, task_graph, tensors, weight
from made_causalint import CONFIG, ROWS, K, made, made_rows, step_of

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, weight_key
from models.registry import parse_model_config
from models.zoo.multi_scenario.causalint.labelled_step import Labels, known_labels, labels_of_step
from models.zoo.multi_scenario.causalint.trans_net import TransNet


@pytest.mark.parametrize("stops", [True, False])
def test_rows_train_the_generator_of_their_own_scenario(stops: bool) -> None:
    rows = made_rows()
    _, found = step_of(made(stop_cross_gradient=stops), taken(rows, rows[SCENARIO_KEY] == 1))
    trained = [bool(np.any(found["generators/kernel"][k] != 0)) for k in range(K)]
    assert trained == ([False, True, False] if stops else [True] * K)


def test_a_certain_posterior_takes_one_scenarios_matrix() -> None:
    net = TransNet(K, 2, 3)
    random = np.random.default_rng(1)
    z = tf.constant(random.normal(size=(4, 5)), tf.float32)
    certain = net.matrices(z, tf.one_hot([0, 2, 2, 1], K), None).numpy()
    kernel, bias = (v.numpy() for v in net.weights)
    leaky = lambda x: np.where(x > 0, x, 0.2 * x)  # noqa: E731
    for row, k in enumerate([0, 2, 2, 1]):
        wanted = leaky(leaky(z.numpy()[row]) @ kernel[k] + bias[k, 0]).reshape(3, 3)
        np.testing.assert_allclose(certain[row], wanted, rtol=1e-5, atol=1e-6)
    mean = net.matrices(z, tf.fill([4, K], 1 / 3), tf.one_hot([0, 1, 2, 0], K)).numpy()
    each = [net.matrices(z, tf.one_hot([k] * 4, K), None).numpy() for k in range(K)]
    np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-5, atol=1e-6)


def test_a_small_inner_step_lowers_the_loss_of_every_row_and_none_changes_nothing() -> None:
    for rate, order in ((0.01, "first"), (0.0, "second")):
        ranker = made(inner_rate=rate, inner_order=order)
        rows = made_rows()
        features, parts = ranker.features(tensors(rows)), ranker.architecture._representations
        z = parts.invariant(features.flat())
        labels = Labels(tf.ones([ROWS, 2]), tf.constant([[1.0, 2.0]] * (ROWS - 1) + [[0.0, 0.0]]))

        def loss(z: tf.Tensor, labels: Labels = labels, parts: Any = parts) -> np.ndarray:
            logits = parts.labels_of_invariant(z)
            each = tf.nn.sigmoid_cross_entropy_with_logits(labels.targets, logits)
            return tf.reduce_sum(each, 1).numpy() * (labels.weights.numpy()[:, 0] > 0)

        moved = ranker.architecture.adapted(z, parts.labels_of_invariant(z), labels)
        changes = loss(moved) - loss(z)
        assert changes[-1] == 0
        assert np.all(changes[:-1] < 0) if rate else np.all(moved.numpy() == z.numpy())


def test_the_inner_step_knows_whether_a_label_is_known_and_not_its_weight() -> None:
    ranker = made(inner_rate=0.5)
    features = ranker.features(tensors(made_rows()))
    z = ranker.architecture._representations.invariant(features.flat())
    logits = tf.constant(np.random.default_rng(4).normal(size=(ROWS, 2)), tf.float32)
    weights = np.ones((ROWS, 2), np.float32)
    weights[1], weights[2, 1], weights[3] = [0, 0], 0, [0.01, 30]
    targets = tf.cast(tf.random.stateless_uniform([ROWS, 2], [1, 2]) > 0.5, tf.float32)

    def moved(weights: np.ndarray) -> np.ndarray:
        labels = Labels(targets, tf.constant(weights))
        return ranker.architecture.adapted(z, logits, labels).numpy()

    found = moved(weights)
    # Sampling that keeps 1 % of some rows gives them a hundred times the weight.
    rarer = weights * np.where(np.arange(ROWS) % 2, 100, 1)[:, np.newaxis].astype(np.float32)
    np.testing.assert_array_equal(moved(rarer), found)
    np.testing.assert_array_equal(found[1], z.numpy()[1])
    kernel = weight(ranker, "invariant_classifier/kernel").numpy()
    slopes = (weights > 0) * (1 / (1 + np.exp(-logits.numpy())) - targets.numpy())
    np.testing.assert_allclose(found, z.numpy() - 0.5 * slopes @ kernel.T, rtol=1e-5, atol=1e-6)
    # Of row 2 the first label alone.
    np.testing.assert_allclose(
        found[2] - z.numpy()[2], -0.5 * slopes[2, 0] * kernel[:, 0], rtol=1e-4, atol=1e-6
    )


def test_labels_are_known_in_a_step_alone() -> None:
    labels = Labels(tf.ones([1, 1]), tf.ones([1, 1]))
    assert labels_of_step() is None
    with known_labels(labels):
        assert labels_of_step() is labels
    assert labels_of_step() is None


# Gradients summed over a batch and divided by its rows are short, and their products more so.
LOUD = {"conflict_weight": 300.0}


@pytest.fixture(scope="module")
def whole() -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Losses and gradients of a step with all losses."""
    return step_of(made(**LOUD), made_rows())


@pytest.mark.parametrize(
    ("loss", "variable"),
    [
        ("invariant", "invariant_classifier/kernel"),
        ("scenario", "scenario_classifier/kernel"),
        ("combined", "combined_classifier/kernel"),
        ("orthogonality", "scenario_aware/dense_0/kernel"),
        ("conflict", "trans_net/readers/kernel"),
    ],
)
def test_without_a_loss_its_variable_learns_something_else(
    loss: str, variable: str, whole: tuple[dict[str, float], dict[str, np.ndarray]]
) -> None:
    losses, found = step_of(made(**{**LOUD, f"{loss}_weight": 0.0}), made_rows())
    one, other = whole[1][variable], found[variable]
    # Another order of float32 sums changes gradients too, by much less.
    assert np.abs(one - other).max() > 1e-3 * np.abs(one).max() > 0
    assert losses["loss"] < whole[0]["loss"]
    own = loss in ("scenario", "orthogonality", "conflict")
    assert set(whole[0]) - set(losses) == ({f"{loss}_loss"} if own else set())
    if loss == "combined":
        assert np.all(other == 0)


def test_rows_without_a_known_label_add_nothing_but_to_the_count() -> None:
    ranker, rows = made(), made_rows()
    hidden = np.arange(ROWS) < 4
    unknown = {
        key: np.where(hidden, 0, x).astype(x.dtype) if key.startswith("weight__") else x
        for key, x in rows.items()
    }
    count = tf.constant(float(ROWS))
    found, wanted = (
        ranker.training_step.gradients(tensors(some), count).losses
        for some in (unknown, taken(rows, ~hidden))
    )
    for name in ("click", "click@invariant", "scenario", "orthogonality"):
        np.testing.assert_allclose(found[f"{name}_loss"], wanted[f"{name}_loss"], rtol=1e-5)
    assert rows[weight_key("click")][:4].min() > 0


def test_hidden_columns_do_not_reach_the_invariant_representation() -> None:
    ranker = made(invariant_without=("scenario", "hour"))
    rows = made_rows()
    other = dict(rows, scenario__index=(rows["scenario__index"] + 1) % K)
    parts = ranker.architecture._representations
    one, two = (ranker.features(tensors(x)).flat() for x in (rows, other))
    np.testing.assert_array_equal(parts.invariant(one), parts.invariant(two))
    assert np.any(parts.aware(one).numpy() != parts.aware(two).numpy())


def test_one_scenario_has_nothing_to_tell_apart() -> None:
    ranker = make_ranker(CONFIG, inputs=layout(1), tasks=task_graph(1))
    rows = tensors(batch(10, ranker.layout, task_graph(1)))
    assert not any("scenario_classifier" in v.name for v in ranker.weights)
    losses = ranker.train_step(rows)
    assert not {"scenario_loss", "orthogonality_loss", "conflict_loss"} & set(losses)
    found = ranker.explain(rows)
    assert found["transfer_weights"].values.tolist() == [[1.0]]
    assert found["gradient_cosines"].values.tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inner_ordr": "first"}, "unknown key 'inner_ordr'; did you mean 'inner_order'?"),
        ({"inner_rate": -1.0}, "'inner_rate' is -1.0"),
        ({"encoder_units": []}, "'encoder_units' is"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_model_config({"name": "causalint", **values})
    assert message in str(error.value)


def test_a_hidden_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="invariant_without: 'senario' is no.*'scenario'"):
        made(invariant_without=("senario",))
