"""What PEPNet's gates do, and what trains them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import make_ranker, step_gradients, tensors
from pepnet_formula import (
    CONFIG,
    ITEM,
    PERSONAL,
    PRIORS,
    ROWS,
    SCENARIO,
    USER,
    Formula,
    made,
    rows_of,
)

from models.features.inputs import InputLayout
from models.ranker import Ranker

LAYERS = 3


def trained(ranker: Ranker, gates: str) -> set[str]:
    """The variables that a sum of factors reaches."""
    architecture: Any = ranker.architecture
    with tf.GradientTape() as tape:
        features = ranker.features(tensors(rows_of(ranker)))
        factors = getattr(architecture, gates)(features)
        factors = factors if isinstance(factors, list) else [factors]
        loss = tf.add_n([tf.reduce_sum(x) for x in factors])
    found = tape.gradient(loss, ranker.trainable_variables)
    return {
        variable.name.removeprefix("ranker/").removesuffix(":0")
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
        if gradient is not None and np.any(tf.convert_to_tensor(gradient).numpy() != 0)
    }


def parts(gate: str) -> set[str]:
    return {f"pepnet/{gate}/{part}" for part in PARTS}


PARTS = ("hidden/kernel", "hidden/bias", "last/kernel", "last/bias")


@pytest.mark.parametrize(
    ("inputs", "prior"),
    [
        (PRIORS, "embedded_inputs/fields/scenario/embeddings"),
        (PERSONAL, "pepnet/scenario_embedding/vectors"),
    ],
)
def test_the_gate_of_embeddings_trains_the_scenario_s_prior_and_no_other_embedding(
    inputs: InputLayout, prior: str
) -> None:
    assert trained(made(inputs), "embedding_gates") == parts("scenario_gate") | {prior}


def test_the_gates_of_units_train_personal_priors_and_not_what_they_see_of_the_network() -> None:
    # Were O not stopped, the gate of embeddings and all tables would be among them.
    gates = set().union(*(parts(f"towers/gate_{layer}") for layer in range(LAYERS)))
    tables = {"user/embeddings", "item/embeddings", "item/projection"}
    wanted = gates | {f"embedded_inputs/fields/{name}" for name in tables}
    assert trained(made(), "unit_gates") == wanted


def test_what_is_gated_learns_through_the_product() -> None:
    ranker = made()
    gradients = dict(
        zip(
            (v.name for v in ranker.trainable_variables),
            step_gradients(ranker, rows_of(ranker)),
            strict=True,
        )
    )
    for name in ("fields/hour/embeddings", "pepnet/scenario_gate/last/kernel"):
        (found,) = (g for key, g in gradients.items() if key.endswith(f"{name}:0"))
        assert np.any(tf.convert_to_tensor(found).numpy() != 0), name


def with_last_layers(ranker: Ranker, bias: float) -> None:
    """Leaves of all gates' last layers a bias."""
    seen = 0
    for variable in ranker.trainable_variables:
        if "gate" in variable.name and "/last/" in variable.name:
            seen += 1
            value = bias if "bias" in variable.name else 0.0
            variable.assign(tf.fill(variable.shape, value))
    assert seen == 2 * (1 + LAYERS)


def test_gates_whose_last_layers_are_zero_leave_plain_towers() -> None:
    ranker = made()
    with_last_layers(ranker, 0.0)
    rows = rows_of(ranker)
    formula, outputs = Formula(ranker, rows, (SCENARIO,), (USER, ITEM)), ranker(tensors(rows))
    ones = [np.ones(width) for width in (formula.x.shape[1], *CONFIG["tower_units"])]
    for label, name in enumerate(("click", "action_given_click")):
        wanted = [formula.tower(row, label, formula.x[row], ones) for row in range(ROWS)]
        np.testing.assert_allclose(outputs[name], wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("bias", "factor"), [(50.0, 2.0), (-50.0, 0.0)])
def test_factors_are_between_0_and_2(bias: float, factor: float) -> None:
    ranker = made()
    with_last_layers(ranker, bias)
    architecture: Any = ranker.architecture
    features = ranker.features(tensors(rows_of(ranker)))
    for factors in (architecture.embedding_gates(features), *architecture.unit_gates(features)):
        np.testing.assert_allclose(factors, np.full(factors.shape, factor), atol=1e-12)


def of_label(variable: Any, value: Any, label: int) -> np.ndarray:
    """A label's part of a variable of the towers: [C, ...] of a gate, [1, C, ...] of a layer."""
    found = tf.convert_to_tensor(value).numpy()
    return np.asarray(found[label] if "gate_" in variable.name else found[0, label])


def test_every_label_has_a_tower_and_gates_of_its_own() -> None:
    """Public code has one tower in a list as often as there are labels."""
    ranker = make_ranker(CONFIG, inputs=PRIORS)
    kernels = [v for v in ranker.trainable_variables if "towers/" in v.name and "kernel" in v.name]
    assert len(kernels) == LAYERS * 3
    for kernel in kernels:
        assert np.all(of_label(kernel, kernel, 0) != of_label(kernel, kernel, 1)), kernel.name


@pytest.mark.parametrize("left_out", ["click", "action_given_click"])
def test_each_loss_trains_the_label_s_own_tower_and_gates_alone(left_out: str) -> None:
    outputs = ("click", "action_given_click")
    for weights in ({}, {left_out: 0.0}):
        ranker = made(training={"loss_weights": weights})
        gradients = step_gradients(ranker, rows_of(ranker))
        seen = 0
        for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
            if "pepnet/towers/" in variable.name:
                seen += 1
                for label, output in enumerate(outputs):
                    reached = np.any(of_label(variable, gradient, label) != 0)
                    assert reached == (output not in weights), (variable.name, output)
        assert seen == LAYERS * (4 + 2)
