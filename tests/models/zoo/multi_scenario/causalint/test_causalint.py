"""CausalInt against its equations: values, and derivatives of first and second order."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from causalint_formula import OUTPUTS, Formula, entropy
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors
from made_causalint import CONFIG, step_of

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

ROWS, E = 20, 4
LOSS_WEIGHTS = {"click": 1.5, "action_given_click": 0.7}
WEIGHTED: dict[str, Any] = {
    **CONFIG,
    # None of them 1, and the conflict of short gradients large enough to be seen.
    "invariant_weight": 0.8,
    "scenario_weight": 0.6,
    "combined_weight": 1.3,
    "orthogonality_weight": 1.7,
    "conflict_weight": 30.0,
}
OTHER = {
    "inner_order": "first",
    "conflict_directions": "learned",
    "stop_cross_gradient": False,
    "normalisation": "none",
    "invariant_without": ("scenario",),
}


def made(**options: Any) -> Ranker:
    training = {"loss_weights": options.pop("loss_weights", LOSS_WEIGHTS)}
    ranker = make_ranker({**WEIGHTED, **options}, **training)
    randomise(ranker, scale=0.5)
    return ranker


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    return batch(ROWS, layout(), task_graph(2))


# L_orth is then of gradients that pass through the moving moments, which the step has moved.
BATCH = {"normalisation": "batch"}


@pytest.mark.parametrize("options", [{}, OTHER, BATCH], ids=["defaults", "others", "batch"])
def test_losses_and_all_their_derivatives_are_the_formula(
    options: dict[str, Any], rows: dict[str, np.ndarray]
) -> None:
    ranker = made(**options)
    losses, found = step_of(ranker, rows)
    features = ranker.features(tensors(rows))
    formula = Formula(ranker, rows, features, tuple(LOSS_WEIGHTS.values()))
    for name, wanted in formula.losses().items():
        assert losses[f"{name}_loss"] == pytest.approx(wanted.real, rel=1e-5), name
        assert wanted.real > 1e-3, name
    assert losses["loss"] == pytest.approx(formula.loss().real, rel=1e-5)
    random = np.random.default_rng(0)
    checked = 0
    learned = [(name, x) for name, x in formula.parameters.items() if name in found]
    for name, values in learned:
        for _ in range(3):
            at = tuple(random.integers(0, size) for size in values.shape)
            wanted = formula.derivative(values, at)
            assert found[name][at] == pytest.approx(wanted, rel=2e-4, abs=2e-6), (name, at)
            checked += wanted != 0
    assert checked > 50
    # What the embeddings learn passes through the gradients in x.
    hour = rows["hour__index"][0]
    columns = 2 * E + np.arange(E)
    (table,) = (g for name, g in found.items() if name.endswith("hour/embeddings"))
    for j, column in enumerate(columns):
        wanted = formula.derivative(formula.x, (rows["hour__index"] == hour, column))
        assert table[hour, j] == pytest.approx(wanted, rel=2e-4, abs=2e-6)


def test_scores_read_the_invariant_representation_without_the_step(
    rows: dict[str, np.ndarray],
) -> None:
    ranker = made(invariant_without=("scenario",))
    features = ranker.features(tensors(rows))
    formula = Formula(ranker, rows, features)
    wanted = formula.predicted(step=False)
    found = ranker.predictions(features)
    for m, name in enumerate(OUTPUTS):
        for suffix in ("", "@invariant", "@combined"):
            np.testing.assert_allclose(
                found[f"{name}{suffix}"], wanted[suffix].real[:, m], rtol=1e-5, atol=1e-6
            )
    assert "@gradients" not in found
    # So do the losses of a validation, which have neither L_orth nor L_orth_all.
    shares = ranker.loss_shares(tensors(rows), False, tf.constant(float(ROWS)))
    assert not {"orthogonality_loss", "conflict_loss"} & set(shares)
    trained = ranker.training_step.gradients(tensors(rows), tf.constant(float(ROWS))).losses
    assert {"scenario_loss", "orthogonality_loss", "conflict_loss"} <= set(trained)
    stepped = formula.predicted(step=True)
    for m, name in enumerate(OUTPUTS):
        for losses, logits in ((shares, wanted[""]), (trained, stepped[""])):
            each = formula.w[:, m] * entropy(logits.real[:, m], formula.y[:, m])
            np.testing.assert_allclose(losses[f"{name}_loss"], each.mean(), rtol=1e-5)
        # The first prediction stands before the step.
        np.testing.assert_allclose(
            trained[f"{name}@invariant_loss"], shares[f"{name}@invariant_loss"], rtol=1e-6
        )
    assert np.abs(stepped[""] - wanted[""]).max(0).min() > 0.01


def test_explains_what_is_transferred_and_what_is_sensitive_to_the_same(
    rows: dict[str, np.ndarray],
) -> None:
    ranker = made()
    some = taken(rows, rows[SCENARIO_KEY] != 1)
    features = ranker.features(tensors(some))
    formula = Formula(ranker, some, features)
    found = ranker.explain(tensors(some))
    a, _ = formula.encode("scenario_aware", formula.x)
    cosines = np.stack([formula.squared_cosines(m).real for m in range(2)], 1)
    transfer, alike = found["transfer_weights"], found["gradient_cosines"]
    assert [axis.name for axis in transfer.axes] == ["scenario", "from_scenario"]
    assert [axis.name for axis in alike.axes] == ["scenario", "label"]
    for k in (0, 2):
        mine = some[SCENARIO_KEY] == k
        np.testing.assert_allclose(
            transfer.values[k], formula.posterior(a).real[mine].mean(0), rtol=1e-5
        )
        np.testing.assert_allclose(alike.values[k], cosines[mine].mean(0), rtol=1e-4, atol=1e-6)
        assert transfer.values[k].sum() == pytest.approx(1, abs=1e-6)
    assert np.all(np.isnan(transfer.values[1])) and np.all(np.isnan(alike.values[1]))
    assert np.all((cosines >= 0) & (cosines <= 1))
