"""The ranker's loss, its step, and what holds whatever the architecture is."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors, weight

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, target_key, value_key, weight_key
from models.ranker import Ranker

LAYOUT, TASKS = layout(), task_graph(2)
OUTPUTS = ("click", "action_given_click")
ROWS = 50
L2, WIDE_L2, KERNEL_L2, RATE = 0.02, 0.03, 0.004, 0.5
LINEAR = {
    "name": "shared_bottom",
    "bottom_units": (),
    "tower_units": (),
    "embedding_dim": 4,
    "embedding_l2": L2,
    "wide_l2": WIDE_L2,
    "kernel_l2": KERNEL_L2,
}
SMALL = {"name": "mmoe", "expert_units": (16, 8), "tower_units": (8,), "embedding_dim": 4}


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def linear_ranker(**training: Any) -> Ranker:
    """Without hidden layers the model is logistic: its gradient can be written down."""
    ranker = make_ranker(LINEAR, optimizer="sgd", learning_rate=RATE, **training)
    randomise(ranker)
    return ranker


def test_a_ridge_penalty_needs_the_values_counts() -> None:
    with pytest.raises(SettingsError, match="model.l2_per is 'value'; give .* counts"):
        make_ranker({**SMALL, "l2_per": "value", "wide_l2": 1.0})
    assert make_ranker({**SMALL, "l2_per": "value"}).losses == []  # Nothing is penalised.


def test_one_sgd_step_is_the_hand_formula() -> None:
    ranker = linear_ranker(loss_weights={"action_given_click": 3.0})
    rows = batch(ROWS, LAYOUT, TASKS)
    before = {v.name.removesuffix(":0"): v.numpy().astype(np.float64) for v in ranker.weights}

    def old(suffix: str) -> np.ndarray:
        (value,) = [v for name, v in before.items() if name.endswith(suffix)]
        return value

    index = {f.column: rows[f.key] for f in LAYOUT.fields}
    numbers = np.stack([rows[value_key(name)] for name in LAYOUT.numeric], 1)
    looked_up = {name: old(f"{name}/embeddings")[i] for name, i in index.items()}
    embedded = dict(looked_up, item=looked_up["item"] @ old("item/projection"))
    wide = {name: old(f"{name}/weights")[i] for name, i in index.items()}
    flat = np.concatenate([*(embedded[f.column] for f in LAYOUT.fields), numbers], 1)
    kernel = old("towers/last/kernel")[:, :, 0].T
    logits = flat @ kernel + old("towers/last/bias")[:, 0, 0] + old("first_order/bias")
    logits += sum(wide.values()) + numbers @ old("numeric/weights")
    p = logistic(logits)
    y = np.stack([rows[target_key(o)] for o in OUTPUTS], 1)
    w = np.stack([rows[weight_key(o)] for o in OUTPUTS], 1)
    bce = -w * (y * np.log(p) + (1 - y) * np.log(1 - p))

    penalty = (
        L2 * sum((v**2).sum() for v in looked_up.values()) / ROWS
        + WIDE_L2 * sum((v**2).sum() for v in wide.values()) / ROWS
        + KERNEL_L2 * (kernel**2).sum()
    )
    losses = ranker.train_step(tensors(rows))
    assert losses["penalty"].numpy() == pytest.approx(penalty, rel=1e-5)
    for column, output in enumerate(OUTPUTS):
        assert losses[f"{output}_loss"].numpy() == pytest.approx(
            bce[:, column].sum() / ROWS, rel=1e-5
        )
    total = bce.sum(0) @ [1.0, 3.0] / ROWS + penalty
    assert losses["loss"].numpy() == pytest.approx(total, rel=1e-5)

    d_logits = w * (p - y) * [1.0, 3.0] / ROWS
    d_flat = d_logits @ kernel.T
    wanted = {
        "first_order/bias": d_logits.sum(0),
        "towers/last/bias": d_logits.sum(0)[:, None, None],
        "numeric/weights": numbers.T @ d_logits,
        "towers/last/kernel": (flat.T @ d_logits + 2 * KERNEL_L2 * kernel).T[:, :, None],
    }
    for position, field in enumerate(LAYOUT.fields):
        name = field.column
        d_field = d_flat[:, 4 * position : 4 * position + 4]
        if name == "item":
            wanted["item/projection"] = looked_up["item"].T @ d_field
            d_field = d_field @ old("item/projection").T
        for suffix, d_rows in (
            ("embeddings", d_field + 2 * L2 * looked_up[name] / ROWS),
            ("weights", d_logits + 2 * WIDE_L2 * wide[name] / ROWS),
        ):
            gradient = np.zeros_like(old(f"{name}/{suffix}"))
            np.add.at(gradient, index[name], d_rows)
            wanted[f"{name}/{suffix}"] = gradient
    assert len(wanted) == len(ranker.trainable_variables)
    for suffix, gradient in wanted.items():
        new = old(suffix) - RATE * gradient
        np.testing.assert_allclose(weight(ranker, suffix), new, rtol=1e-4, atol=1e-6)


def test_rows_outside_an_outputs_space_do_not_train_it() -> None:
    ranker = linear_ranker()
    rows = batch(ROWS, LAYOUT, TASKS)
    rows[weight_key("action_given_click")][:] = 0
    before = weight(ranker, "towers/last/bias").numpy()
    losses = ranker.train_step(tensors(rows))
    after = weight(ranker, "towers/last/bias").numpy()
    assert losses["action_given_click_loss"].numpy() == 0
    assert after[0, 0, 0] != before[0, 0, 0]
    assert after[1, 0, 0] == before[1, 0, 0]


def test_the_test_step_is_without_penalties_of_rows_and_dropout() -> None:
    ranker = make_ranker({**LINEAR, "kernel_l2": 0.0, "dropout": 0.5})
    rows = tensors(batch(ROWS, LAYOUT, TASKS))
    first, second = ranker.test_step(rows), ranker.test_step(rows)
    assert first["penalty"].numpy() == 0
    assert first["loss"].numpy() == second["loss"].numpy()


def test_base_rates_are_what_an_untrained_model_predicts() -> None:
    ranker = make_ranker(SMALL, base_rates={"action_given_click": 0.01})
    outputs = ranker(tensors(batch(ROWS, LAYOUT, TASKS)))
    assert outputs["action_given_click"].numpy().mean() == pytest.approx(0.01, rel=0.1)
    assert outputs["click"].numpy().mean() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base_rates": {"clik": 0.1}}, "base_rates: 'clik' .* did you mean 'click'"),
        ({"base_rates": {"click": 0.0}}, r"'click' is 0.0; write a rate inside \(0, 1\)"),
        ({"loss_weights": {"clicks": 1.0}}, "loss_weights: 'clicks' .* did you mean 'click'"),
    ],
)
def test_outputs_that_do_not_exist_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        make_ranker(SMALL, **arguments)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("numeric", [False, True])
def test_inputs_that_the_config_leaves_out_do_not_matter(wide: bool, numeric: bool) -> None:
    ranker = make_ranker({**SMALL, "wide": wide, "numeric": numeric})
    randomise(ranker)
    rows = batch(ROWS, LAYOUT, TASKS)
    changed = dict(rows, **{value_key("price"): rows[value_key("price")] + 1})
    moved = np.any(ranker(tensors(changed))["click"] != ranker(tensors(rows))["click"])
    assert moved == numeric
    assert any("user/weights" in v.name for v in ranker.weights) == wide


def test_priors_are_the_embeddings_of_the_tagged_fields() -> None:
    ranker = make_ranker(SMALL)
    features = ranker.features(tensors(batch(ROWS, LAYOUT, TASKS)))
    np.testing.assert_array_equal(features.priors, features.fields[:, 0])
    assert [x.shape.as_list() for x in features[:6]] == [
        [ROWS, 4, 4],
        [ROWS, 2],
        [ROWS],
        [ROWS, 4],
        [ROWS, 2],
        [ROWS, 4],
    ]


def trained() -> list[np.ndarray]:
    ranker = make_ranker({**SMALL, "dropout": 0.2}, seed=1)
    step = tf.function(ranker.train_step)
    for seed in range(6):
        step(tensors(batch(300, LAYOUT, TASKS, seed)))
    return ranker.get_weights()


@pytest.mark.e2e
def test_one_seed_gives_one_model_bit_by_bit() -> None:
    for first, second in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_another_seed_gives_another_model() -> None:
    kernels = [weight(make_ranker(SMALL, seed=seed), "experts/dense_0/kernel") for seed in (1, 2)]
    assert np.all(kernels[0] != kernels[1])


@pytest.mark.e2e
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_close_finite_and_this_models_only(precision: str) -> None:
    rows = tensors(batch(ROWS, LAYOUT, TASKS))
    plain, mixed = make_ranker(SMALL), make_ranker(SMALL, precision=precision)
    randomise(plain)
    mixed.set_weights(plain.get_weights())
    assert keras.mixed_precision.global_policy().name == "float32"
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    assert mixed.features(rows).fields.dtype == precision.removeprefix("mixed_")
    for output, wanted in plain(rows).items():
        got = mixed(rows)[output]
        assert got.dtype == tf.float32
        np.testing.assert_allclose(got, wanted, atol=0.02)
        assert np.any(got != wanted)
    step = tf.function(mixed.train_step)
    losses = [step(rows)["loss"].numpy() for _ in range(30)]
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]


@pytest.mark.e2e
def test_xla_takes_the_same_step() -> None:
    rows = tensors(batch(ROWS, LAYOUT, TASKS))
    plain, compiled = linear_ranker(), linear_ranker(xla=True)
    loss = plain.train_step(rows)["loss"]
    np.testing.assert_allclose(compiled.train_step(rows)["loss"], loss, rtol=1e-5)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_scoring_needs_no_targets() -> None:
    rows = batch(ROWS, LAYOUT, TASKS)
    wanted = {SCENARIO_KEY, *(f.key for f in LAYOUT.fields), *map(value_key, LAYOUT.numeric)}
    outputs = make_ranker(SMALL)(tensors({key: rows[key] for key in wanted}))
    assert list(outputs) == [output.name for output in TASKS.outputs]
