from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from csii_formula import Formula
from made_batches import (
    batch,
    layout,
    make_ranker,
    randomise,
    taken,
    task_graph,
    tensors,
    weight,
)

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.ranker import Ranker
from models.registry import parse_model_config

K, P, E, ROWS = 3, 4, 4, 24
CONFIG = {
    "name": "csii",
    "embedding_dim": E,
    "expert_units": (10, 8),
    "tower_units": (5,),
    "intra_heads": 2,
}
OUTPUTS = ("click", "action_given_click")


def made(**options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    """A ranker with every variable, the prototypes too, away from its start."""
    ranker = make_ranker({**CONFIG, **options})
    randomise(ranker)
    # It counts twenty times: logits stay where a softmax has a gradient.
    biases = weight(ranker, "inter_attention/pair_bias")
    biases.assign(0.5 * biases)
    if ranker.architecture.non_trainable_variables:
        means = np.random.default_rng(5).normal(scale=0.3, size=(K, P * E))
        weight(ranker, "prototypes/means").assign(0.5 * means)
        weight(ranker, "prototypes/squares").assign(0.5 * (means**2 + 0.2))
        weight(ranker, "prototypes/seen").assign(np.full((K, 1), 0.5))
    return ranker, batch(ROWS, ranker.layout, task_graph(2))


def gradients(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = ranker.training_step.gradients(
        tensors(rows), tf.constant(float(len(rows[SCENARIO_KEY])))
    ).gradients
    pairs = zip(ranker.trainable_variables, found, strict=True)
    return {v.name: tf.convert_to_tensor(g).numpy() for v, g in pairs}


def gradient(found: dict[str, np.ndarray], part: str) -> np.ndarray:
    (value,) = (g for name, g in found.items() if part in name)
    return value


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"experts": "low_rank", "reference": "prototype"},
        {"experts_per_scenario": 2, "shared_experts": 3, "alpha": "instance"},
        {"intra_tokens": "fields", "intra_weights": "scenario", "towers": "scenario_task"},
        {"inter_tokens": "heads"},
    ],
    ids=["defaults", "prototype", "mixtures", "fields", "tokens"],
)
def test_representation_and_probabilities_are_the_formula(options: dict[str, Any]) -> None:
    ranker, rows = made(**options)
    features = ranker.features(tensors(rows))
    representation = ranker.architecture.exchange(features).representation.numpy()
    outputs, formula = ranker(tensors(rows)), Formula(ranker, options)
    assert representation.shape == (ROWS, 2 * 8)
    for i, s in enumerate(rows[SCENARIO_KEY]):
        z = formula.row(s, features.fields[i].numpy(), features.numeric[i].numpy())
        np.testing.assert_allclose(representation[i], z, rtol=1e-3, atol=1e-4)
        for c, output in enumerate(OUTPUTS):
            wanted = formula.probability(s, c, z, features.offset[i, c].numpy())
            assert outputs[output][i].numpy() == pytest.approx(wanted, abs=1e-5)


def test_own_scenarios_get_no_attention_and_alpha_is_a_share() -> None:
    ranker, rows = made(alpha="instance")
    found = ranker.architecture.exchange(ranker.features(tensors(rows)))
    attention, alpha = found.attention.numpy(), found.alpha.numpy()
    assert np.all(attention[rows[SCENARIO_KEY], np.arange(ROWS)] == 0)
    np.testing.assert_allclose(attention.sum(0), 1, atol=1e-6)
    assert attention[attention > 0].std() > 1e-3
    assert np.all((alpha > 0) & (alpha < 1))
    scores = found.scores.numpy()
    assert np.all(scores[rows[SCENARIO_KEY], np.arange(ROWS)] == 1)
    assert np.all((scores > 0) & (scores <= 1))


def test_without_alpha_it_is_expert_and_shared_expert() -> None:
    ranker, rows = made()
    weight(ranker, "transfer_weight/theta").assign(np.full((K, 1), -200.0))
    features = ranker.features(tensors(rows))
    representation = ranker.architecture.exchange(features).representation.numpy()
    formula = Formula(ranker, {})
    for i, s in enumerate(rows[SCENARIO_KEY]):
        x = features.flat()[i].numpy()
        plain = [formula.mixture("csii/experts", s, x), formula.mixture("shared_experts", 0, x)]
        np.testing.assert_allclose(representation[i], np.concatenate(plain), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["full", "low_rank"])
@pytest.mark.parametrize("experts", [1, 2])
@pytest.mark.parametrize("stopped", [True, False])
def test_rows_train_their_own_expert_and_the_transforms_to_the_others(
    stopped: bool, experts: int, kind: str
) -> None:
    ranker, rows = made(experts_per_scenario=experts, stop_cross_gradient=stopped, experts=kind)
    found = gradients(ranker, taken(rows, rows[SCENARIO_KEY] == 1))
    own = {name: g for name, g in found.items() if "csii/experts/" in name}
    parts = [g for name, g in own.items() if "common" not in name]
    layers, factors = (2 if experts == 1 else 3), (4 if kind == "low_rank" else 2)
    assert len(parts) == factors + 2 + 2 * (layers - 2)
    assert len(own) - len(parts) == (2 if kind == "low_rank" else 0)
    for part in parts:
        trained = [bool(np.any(part[t] != 0)) for t in range(K)]
        assert trained == ([False, True, False] if stopped else [True] * K)
    for name in ("transform/scale", "transform/shift"):
        pairs = np.abs(gradient(found, name)).sum((2, 3)) > 0
        assert pairs.tolist() == [[False] * K, [True, False, True], [False] * K]
    assert np.all(np.any(gradient(found, "transform/scale")[1, [0, 2]] != 0, axis=2))
    pairs = gradient(found, "pair_bias")
    assert np.all(pairs[1, [0, 2]] != 0)
    assert np.all(pairs[[0, 1, 1, 2], [2, 1, 1, 0]] == 0)
    others = ("intra_attention", "inter_attention", "temperature", "theta", "shared_experts")
    for name in others:
        assert all(np.any(g != 0) for key, g in found.items() if name in key)


def test_transforms_learn_the_same_with_and_without_frozen_experts() -> None:
    stopped, rows = made()
    live, _ = made(stop_cross_gradient=False)
    one, other = gradients(stopped, rows), gradients(live, rows)
    for name in ("transform/scale", "transform/shift", "user/embeddings", "temperature"):
        np.testing.assert_allclose(gradient(one, name), gradient(other, name), rtol=1e-4, atol=1e-7)


def test_the_attention_learns_from_the_first_step() -> None:
    """Its gradients are of the size of the others', and rows weigh scenarios unequally."""
    ranker = make_ranker({**CONFIG, "expert_units": (32, 16), "embedding_stddev": 0.1})
    rows = batch(600, ranker.layout, task_graph(2))
    weights = ranker.architecture.exchange(ranker.features(tensors(rows))).attention.numpy()
    assert weights[weights > 0].std() > 0.01
    found = gradients(ranker, rows)

    def size(part: str) -> float:
        return float(np.sqrt((gradient(found, part) ** 2).mean()))

    others = size("csii/experts/dense_1/kernel")
    # The dot product's W_q had 2.5e-4 of what other kernels have.
    for part, least in (
        ("inter_attention/query", 0.05),
        ("inter_attention/key", 0.05),
        ("pair_bias", 0.5),
        ("theta", 0.5),
    ):
        assert size(part) > least * others, part
    # W_o is 0, so that what comes before it learns from the second step on.
    assert size("intra_attention/output_kernel") > 0.1 * others


def test_prototypes_move_once_a_step_and_not_while_scoring() -> None:
    ranker, rows = made(momentum=0.75, reference="prototype")
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    names = ("means", "squares", "seen")
    moments = [weight(ranker, f"prototypes/{name}") for name in names]
    before = [variable.numpy() for variable in moments]
    fields = ranker.features(tensors(rows)).fields.numpy().reshape(-1, P * E)
    ranker(tensors(rows))
    ranker.test_step(tensors(rows))
    for variable, old in zip(moments, before, strict=True):
        np.testing.assert_array_equal(variable, old)
    ranker.train_step(tensors(rows))
    values = (fields, fields**2, np.ones((len(fields), 1)))
    for variable, old, value in zip(moments, before, values, strict=True):
        wanted = old.copy()
        for s in (0, 2):
            wanted[s] = 0.75 * old[s] + 0.25 * value[rows[SCENARIO_KEY] == s].mean(0)
        np.testing.assert_allclose(variable, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("space", "supervised"),
    [("entire", ("click", "click_and_action")), ("conditional", OUTPUTS)],
)
def test_losses_are_on_joint_or_conditional_outputs(
    space: str, supervised: tuple[str, ...]
) -> None:
    ranker, rows = made(loss_space=space)
    assert ranker.supervised_outputs == supervised
    shares = ranker.loss_shares(tensors(rows), False, tf.constant(float(ROWS)))
    outputs = ranker(tensors(rows))
    np.testing.assert_allclose(
        outputs["click_and_action"], outputs["click"] * outputs["action_given_click"], rtol=1e-6
    )
    for name in supervised:
        p, y, w = outputs[name].numpy(), rows[target_key(name)], rows[weight_key(name)]
        wanted = -(w * np.where(y == 1, np.log(p), np.log(1 - p))).sum() / ROWS
        assert shares[f"{name}_loss"].numpy() == pytest.approx(wanted, rel=1e-4)


def test_one_scenario_has_nothing_to_exchange() -> None:
    ranker = make_ranker(CONFIG, inputs=layout(1), tasks=task_graph(1))
    rows = tensors(batch(10, ranker.layout, task_graph(1)))
    names = [v.name for v in ranker.weights]
    assert not any("transfer" in name or "attention" in name for name in names)
    found = ranker.architecture.exchange(ranker.features(rows))
    assert found.representation.shape == (10, 16)
    explained = ranker.explain(rows)
    assert np.all(explained["transferability"].values == 1)
    assert np.all(explained["attention"].values == 0)
    assert np.all(explained["alpha"].values == 0)
    assert np.isfinite(ranker.train_step(rows)["loss"].numpy())


@pytest.mark.parametrize(
    "options",
    [
        {"transform": "low_rank", "rank": 3, "kept_share": 0.5, "reference": "prototype"},
        {"distance": "cosine", "experts": "low_rank", "numeric": False},
        {"intra_tokens": "fields", "experts_per_scenario": 2, "inter_tokens": "heads"},
    ],
    ids=["low-rank", "cosine", "fields"],
)
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_finite_and_close(precision: str, options: dict[str, Any]) -> None:
    full, rows = made(**options)
    half = make_ranker({**CONFIG, **options}, precision=precision)
    half.set_weights(full.get_weights())
    for output, wanted in full(tensors(rows)).items():
        found = half(tensors(rows))[output]
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, wanted, atol=0.04)
    losses = half.train_step(tensors(rows))
    assert np.isfinite(losses["loss"].numpy())
    assert all(np.all(np.isfinite(v.numpy())) for v in half.weights)


@pytest.mark.parametrize(
    "options", [{}, {"transform": "low_rank", "kept_share": 0.4, "inter_tokens": "heads"}]
)
def test_scores_follow_their_rows(options: dict[str, Any]) -> None:
    ranker, rows = made(**options)
    scores = np.stack(list(ranker(tensors(rows)).values()), 1)
    order = np.random.default_rng(1).permutation(ROWS)
    again = np.stack(list(ranker(tensors(taken(rows, order))).values()), 1)
    np.testing.assert_allclose(again, scores[order], atol=1e-6)


def test_explains_transfer_between_scenarios() -> None:
    ranker, rows = made()
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    found = ranker.architecture.exchange(ranker.features(tensors(rows)))
    explained = ranker.explain(tensors(rows))
    transfer, attention, alpha = (
        explained[name].values for name in ("transferability", "attention", "alpha")
    )
    assert (transfer.shape, attention.shape, alpha.shape) == ((K, K, P), (K, K), (K,))
    for s in (0, 2):
        mine = rows[SCENARIO_KEY] == s
        wanted = found.scores.numpy()[:, mine].mean(1)
        np.testing.assert_allclose(transfer[s], wanted, rtol=1e-5)
        np.testing.assert_allclose(
            attention[s], found.attention.numpy()[:, mine].mean(1), rtol=1e-5
        )
        np.testing.assert_allclose(alpha[s], found.alpha.numpy()[mine].mean(), rtol=1e-5)
        assert np.all(transfer[s, s] == 1)
        assert attention[s, s] == 0
    assert np.all(np.isnan(transfer[1]))
    assert np.all(np.isnan(attention[1]))
    assert np.isnan(alpha[1])
    assert explained["transferability"].document()["axes"][2]["entries"][0] == "user"


def test_heads_that_do_not_divide_the_output_are_refused() -> None:
    with pytest.raises(SettingsError, match="intra_heads is 5, which does not divide.*64"):
        parse_model_config({"name": "csii", "intra_heads": 5})
    fields = {"name": "csii", "intra_heads": 5, "intra_tokens": "fields"}
    assert parse_model_config(fields)
    with pytest.raises(SettingsError, match="intra_heads is 5, which does not divide.*64"):
        parse_model_config({**fields, "inter_tokens": "heads"})


@pytest.mark.e2e
def test_survives_a_saved_model(tmp_path: Any) -> None:
    ranker, rows = made(experts_per_scenario=2, reference="prototype", inter_tokens="heads")
    module = tf.Module()
    module.ranker = ranker.architecture

    def score(**columns: tf.Tensor) -> dict[str, tf.Tensor]:
        return ranker(columns)

    inputs = {
        key: value
        for key, value in tensors(rows).items()
        if not key.startswith(("target", "weight"))
    }
    module.embeddings, module.first_order = ranker.embeddings, ranker.first_order
    module.score = tf.function(score)
    concrete = module.score.get_concrete_function(
        **{k: tf.TensorSpec([None], v.dtype, name=k) for k, v in inputs.items()}
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"predict": concrete})
    served = tf.saved_model.load(str(tmp_path)).signatures["predict"](**inputs)
    for output, wanted in ranker(tensors(rows)).items():
        np.testing.assert_allclose(served[output], wanted, atol=1e-6)
