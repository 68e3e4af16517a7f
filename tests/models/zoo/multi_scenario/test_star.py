from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors, weight

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

CONFIG = {"name": "star", "units": (8, 6), "tower_units": (5,), "auxiliary_units": (4,)}
ROWS = 40
LABELS = ("click", "action_given_click")


def made(**options: Any) -> Ranker:
    """A ranker whose every value, the moving moments too, is away from its start."""
    ranker = make_ranker({**CONFIG, "embedding_dim": 4, **options})
    randomise(ranker, scale=0.2)
    random = np.random.default_rng(5)
    for variable in ranker.non_trainable_variables:
        if "partitioned_norm/means" in variable.name:
            variable.assign(random.normal(scale=0.3, size=variable.shape))
        if "partitioned_norm/variances" in variable.name:
            variable.assign(random.uniform(0.2, 2.0, variable.shape))
    for name in ("factor", "gamma"):
        for variable in ranker.trainable_variables:
            if name in variable.name:
                variable.assign_add(tf.ones_like(variable))
    return ranker


def rows_of(ranker: Ranker, rows: int = ROWS) -> dict[str, np.ndarray]:
    return batch(rows, ranker.layout, task_graph(2))


def flat_inputs(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    features = ranker.features(tensors(rows))
    count = len(rows[SCENARIO_KEY])
    parts = [features.fields.numpy().reshape(count, -1), features.numeric.numpy()]
    return np.concatenate(parts, axis=1).astype(np.float64)


def by_hand(ranker: Ranker, rows: dict[str, np.ndarray], moments: Any = None) -> np.ndarray:
    """The probabilities by the docstring's formulas, row by row, [B, C]."""

    def value(name: str) -> np.ndarray:
        return weight(ranker, f"star/{name}").numpy().astype(np.float64)

    def star(part: str, h: np.ndarray, at: tuple[int, ...]) -> np.ndarray:
        common = value(f"{part}/common")[(0, *at[1:])]
        bias = value(f"{part}/common_bias")[(0, *at[1:])] + value(f"{part}/bias")[at]
        return (common * value(f"{part}/factor")[at]).T @ h + bias[0]

    x = flat_inputs(ranker, rows)
    offset = ranker.features(tensors(rows)).offset.numpy()
    norm = "partitioned_norm"
    means, variances = moments or (value(f"{norm}/means"), value(f"{norm}/variances"))
    found = np.zeros((len(x), 2))
    for row, k in enumerate(rows[SCENARIO_KEY]):
        z = (x[row] - means[k]) / np.sqrt(variances[k] + 1e-3)
        z = value(f"{norm}/gamma")[0] * value(f"{norm}/own_gamma")[k] * z
        z = z + value(f"{norm}/beta")[0] + value(f"{norm}/own_beta")[k]
        for layer in range(2):
            z = np.maximum(star(f"shared/dense_{layer}", z, (k,)), 0)
        seen = np.concatenate([value("scenario_embedding/vectors")[k], x[row]])
        kernel, bias = value("auxiliary/dense_0/kernel"), value("auxiliary/dense_0/bias")
        a = np.maximum(seen @ kernel + bias[0], 0)
        kernel = value("auxiliary_last/last/kernel")
        for c in range(2):
            h = np.maximum(star("towers/dense_0", z, (k, c)), 0)
            logit = star("last", h, (k, c))[0] + a @ kernel[c][:, 0]
            logit += value("auxiliary_last/last/bias")[c, 0, 0] + offset[row, c]
            found[row, c] = 1 / (1 + np.exp(-logit))
    return found


def scored(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    outputs = ranker(tensors(rows))
    return np.stack([outputs[name].numpy() for name in LABELS], axis=1)


def test_probabilities_are_the_formula() -> None:
    ranker = made()
    rows = rows_of(ranker)
    wanted = by_hand(ranker, rows)
    assert wanted.std(0).min() > 0.05
    np.testing.assert_allclose(scored(ranker, rows), wanted, rtol=0, atol=1e-6)


def test_in_training_rows_are_normalised_by_the_moments_of_their_scenario_in_the_batch() -> None:
    """Not by those of the whole batch, which public code has."""
    ranker = made(memory_rows=0)
    rows = rows_of(ranker)
    x, scenario = flat_inputs(ranker, rows), rows[SCENARIO_KEY]
    of = [x[scenario == k] for k in range(3)]
    moments = np.stack([y.mean(0) for y in of]), np.stack([y.var(0) for y in of])
    logits = ranker.architecture(ranker.features(tensors(rows)), training=True)
    found = np.stack([tf.sigmoid(logits[name]).numpy() for name in LABELS], axis=1)
    np.testing.assert_allclose(found, by_hand(ranker, rows, moments), rtol=0, atol=1e-6)


def test_in_training_a_batch_of_one_scenario_is_scored_as_in_a_mixed_one() -> None:
    ranker = made(memory_rows=0)
    rows = rows_of(ranker)
    mixed = ranker.architecture(ranker.features(tensors(rows)), training=True)
    for k in range(3):
        mine = np.flatnonzero(rows[SCENARIO_KEY] == k)
        alone = ranker.architecture(ranker.features(tensors(taken(rows, mine))), training=True)
        for name in LABELS:
            np.testing.assert_allclose(alone[name], mixed[name].numpy()[mine], atol=1e-6)


def test_at_the_start_it_is_one_network_for_all_scenarios() -> None:
    """With factors 1, own biases 0 and neutral normalisation it is Shared-Bottom."""
    ranker = make_ranker({**CONFIG, "auxiliary": False})
    plain = make_ranker({"name": "shared_bottom", "bottom_units": (8, 6), "tower_units": (5,)})
    parts = {"shared/": "bottom/", "towers/": "towers/hidden/", "star/last": "star/towers/last"}
    for mine in ranker.weights:
        if "common_bias" in mine.name:
            # Every row has a unit that is not 0, whatever the kernels start from.
            mine.assign(tf.ones_like(mine))
        name = mine.name.replace("common_bias", "bias").replace("common", "kernel")
        for part, theirs in parts.items():
            name = name.replace(part, theirs)
        name = name.replace("star/", "shared_bottom/").removesuffix(":0")
        if "common" in mine.name:
            weight(plain, name).assign(tf.reshape(mine, weight(plain, name).shape))
        elif "star/" not in mine.name:
            weight(plain, name).assign(mine)
    # Variance 1 and epsilon .001 are not quite neutral.
    variances = weight(ranker, "partitioned_norm/variances")
    variances.assign(tf.fill(variances.shape, 0.999))
    rows = rows_of(ranker)
    start = scored(ranker, rows)
    np.testing.assert_allclose(start, scored(plain, rows), rtol=0, atol=1e-6)
    factor = weight(ranker, "shared/dense_1/factor")
    factor.assign(factor + np.array([0, 0, 0.5])[:, np.newaxis, np.newaxis])
    changed = np.any(scored(ranker, rows) != start, axis=1)
    np.testing.assert_array_equal(changed, rows[SCENARIO_KEY] == 2)


def test_rows_of_other_scenarios_train_what_is_shared_only() -> None:
    ranker = made()
    rows = rows_of(ranker, 60)
    rows = taken(rows, rows[SCENARIO_KEY] == 2)
    gradients = ranker.training_step.gradients(tensors(rows), tf.constant(20.0)).gradients
    private, shared = [], []
    for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
        name, values = variable.name, tf.convert_to_tensor(gradient).numpy()
        if any(x in name for x in ("factor", "/own_", "scenario_embedding")) or (
            "star/" in name and name.endswith("/bias:0") and "auxiliary" not in name
        ):
            private.append(name)
            assert np.all(values[:2] == 0), name
            assert np.any(values[2] != 0), name
        elif "common" in name or "auxiliary" in name or "gamma" in name:
            shared.append(name)
            assert np.any(values != 0), name
    # Factors and biases of four layers, gamma and beta, the embedding.
    assert len(private) == 2 * 4 + 2 + 1
    assert len(shared) == 2 * 4 + 4 + 1


def test_the_star_logit_has_both_signs() -> None:
    """No ReLU behind the last layer, which public code has."""
    ranker = made(auxiliary=False, wide=False)
    logits = ranker.architecture.star_logits(ranker.features(tensors(rows_of(ranker)))).numpy()
    assert logits.shape == (ROWS, 2)
    assert logits.min() < -0.1 < 0.1 < logits.max()


@pytest.mark.parametrize("pull", [None, 0.5])
def test_factors_are_held_back_at_one_and_not_at_zero(pull: float | None) -> None:
    ranker = make_ranker({**CONFIG, "deviation_l2": pull})

    def penalty() -> float:
        return float(sum((tf.reduce_sum(x) for x in ranker.losses), tf.zeros([])))

    assert penalty() == 0
    factor = weight(ranker, "shared/dense_0/factor")
    factor.assign_add(tf.fill(factor.shape, 0.1))
    inputs = len(layout().fields) * 16 + 2
    assert penalty() == pytest.approx((pull or 0) * 0.01 * 3 * inputs * 8, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"normalisation": "none"}, "partitioned_norm"),
        ({"auxiliary": False}, "auxiliary"),
        ({"tower_units": ()}, "towers"),
    ],
    ids=["no_normalisation", "no_auxiliary", "no_towers"],
)
def test_parts_can_be_left_out(options: dict[str, Any], absent: str) -> None:
    ranker = make_ranker({**CONFIG, **options})
    assert not [v.name for v in ranker.weights if f"star/{absent}" in v.name]
    rows = tensors(rows_of(ranker))
    losses = [float(ranker.train_step(rows)["loss"]) for _ in range(3)]
    assert losses[2] < losses[0]


def test_explains_how_far_scenarios_are_and_what_the_parts_add() -> None:
    ranker = made()
    rows = rows_of(ranker)
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    found = ranker.explain(tensors(rows))
    distance, axes = found["distance"]
    assert [axis.name for axis in axes] == ["scenario", "layer"]
    assert axes[1].entries == ("shared/dense_0", "shared/dense_1", "towers/dense_0", "last")
    factors = [weight(ranker, f"star/{name}/factor").numpy() for name in axes[1].entries]
    wanted = [[np.sqrt(np.mean((x[k] - 1) ** 2)) for x in factors] for k in range(3)]
    np.testing.assert_allclose(distance, wanted, rtol=1e-5)
    logits, axes = found["logits"]
    assert [axis.entries for axis in axes[1:]] == [("star", "auxiliary"), LABELS]
    features = ranker.features(tensors(rows))
    parts = (
        ranker.architecture.star_logits(features),
        ranker.architecture.auxiliary_logits(features),
    )
    for k in (0, 2):
        for at, part in enumerate(parts):
            mine = np.abs(part.numpy()[rows[SCENARIO_KEY] == k])
            np.testing.assert_allclose(logits[k, at], mine.mean(0), rtol=1e-5)
    assert np.all(np.isnan(logits[1]))


def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="unknown key 'auxilary'; did you mean 'auxiliary'"):
        make_ranker({**CONFIG, "auxilary": False})
