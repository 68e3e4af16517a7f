"""What PEPNet predicts and explains."""

from typing import Any

import numpy as np
import pytest
from made_batches import (
    batch,
    five_branch_graph,
    layout,
    make_ranker,
    randomise,
    taken,
    task_graph,
    tensors,
    weight,
)
from made_lists import with_lists
from pepnet_formula import (
    CONFIG,
    HOUR,
    ITEM,
    NONE,
    OF_SCENARIO,
    PERSONAL,
    PRIORS,
    ROWS,
    SCENARIO,
    USER,
    E,
    Formula,
    made,
    rows_of,
    with_priors,
)

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, InputLayout
from models.registry import parse_model_config

OUTPUTS = ("click", "action_given_click")
BOTH = (USER, ITEM)


@pytest.mark.parametrize(
    ("inputs", "scenario", "personal", "options"),
    [
        (PRIORS, (SCENARIO,), BOTH, {}),
        (PERSONAL, None, BOTH, {}),
        (OF_SCENARIO, (SCENARIO,), (), {}),
        (NONE, None, (), {}),
        (PRIORS, (SCENARIO,), BOTH, {"tower_units": ()}),
        (PRIORS, (SCENARIO,), BOTH, {"numeric": False}),
    ],
    ids=["priors", "personal", "of_scenario", "none", "linear", "without_numbers"],
)
def test_probabilities_are_the_formula(
    inputs: InputLayout,
    scenario: tuple[int, ...] | None,
    personal: tuple[int, ...],
    options: dict[str, Any],
) -> None:
    ranker = made(inputs, **options)
    rows = rows_of(ranker)
    formula, outputs = Formula(ranker, rows, scenario, personal), ranker(tensors(rows))
    layers = 1 + len(options.get("tower_units", CONFIG["tower_units"]))
    wanted = [[formula.probability(row, c, layers) for c in range(2)] for row in range(ROWS)]
    found = np.stack([outputs[name].numpy() for name in OUTPUTS], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


def test_a_prior_without_a_role_is_personal_and_that_of_the_scenario_is_not() -> None:
    context = with_priors(layout(), hour="scenario", scenario="scenario", user=None)
    ranker = made(context)
    rows = rows_of(ranker)
    formula = Formula(ranker, rows, (HOUR, SCENARIO), (USER,))
    found = ranker(tensors(rows))["click"].numpy()
    wanted = [formula.probability(row, 0) for row in range(ROWS)]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


def test_a_field_is_the_scenario_s_prior_or_the_scenario_itself_is() -> None:
    for inputs, has_vectors in ((PRIORS, False), (PERSONAL, True)):
        ranker = made(inputs)
        bias = weight(ranker, "scenario_gate/hidden/bias")
        # Every hidden unit is on.
        bias.assign(np.full(bias.shape, 5.0))
        architecture: Any = ranker.architecture
        rows = rows_of(ranker)
        turned = {SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3}
        before, after = (
            architecture.embedding_gates(ranker.features(tensors(x))).numpy()
            for x in (rows, rows | turned)
        )
        assert any("scenario_embedding" in v.name for v in ranker.weights) == has_vectors
        changed = np.any(before != after, axis=1)
        np.testing.assert_array_equal(changed, np.full(ROWS, has_vectors))


@pytest.mark.parametrize(
    ("inputs", "priors"), [(PRIORS, 2), (PERSONAL, 2), (OF_SCENARIO, 0), (NONE, 0)]
)
def test_gates_of_a_log_without_personal_priors_read_the_network_alone(
    inputs: InputLayout, priors: int
) -> None:
    kernel = weight(made(inputs), "towers/gate_0/hidden/kernel")
    width = 4 * E + 2
    assert kernel.shape == (2, priors * E + width, CONFIG["personal_gate_units"])


def test_the_scenarios_share_all_but_their_embedding() -> None:
    sizes = []
    for scenarios in (3, 4):
        ranker = made(with_priors(layout(scenarios)))
        sizes.append({v.name: v.shape for v in ranker.architecture.trainable_variables})
    differ = [name for name, shape in sizes[0].items() if sizes[1][name] != shape]
    assert [name.split("pepnet/")[1] for name in differ] == ["scenario_embedding/vectors:0"]


def test_explains_mean_factors_and_how_far_rows_differ() -> None:
    ranker = made()
    rows = rows_of(ranker, 48)
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    found = ranker.explain(tensors(rows))
    for explanation in found.values():
        explanation.document()
    values, axes = found["embedding_gates"]
    assert axes[1].entries == ("user", "item", "hour", "scenario", "price", "age")
    formula = Formula(ranker, rows, (SCENARIO,), BOTH)
    for k in (0, 2):
        mine = np.flatnonzero(formula.scenario == k)
        factors = np.mean([formula.embedding_gate(row) for row in mine], axis=0)
        wanted = [*factors[: 4 * E].reshape(4, E).mean(1), *factors[4 * E :]]
        np.testing.assert_allclose(values[k], wanted, rtol=1e-5)
        for label in range(2):
            layers = [formula.unit_gates(row, label) for row in mine]
            for layer in range(3):
                units = np.stack([of_row[layer] for of_row in layers])
                at = (k, label, layer)
                mean, spread = units.mean(), np.sqrt(units.var(axis=0).mean())
                np.testing.assert_allclose(found["unit_gates"].values[at], mean, rtol=1e-5)
                np.testing.assert_allclose(found["unit_gate_spread"].values[at], spread, rtol=1e-4)
                # The gates differ between rows, and are no constant 1.
                assert spread > 0.01
    for explanation in found.values():
        assert np.all(np.isnan(explanation.values[1]))
        assert np.all(np.isfinite(explanation.values[[0, 2]]))


def test_lists_are_gated_by_their_names_and_numbers_that_are_not_read_are_not() -> None:
    inputs = with_lists(PRIORS)
    ranker = made(inputs, numeric=False)
    found = ranker.explain(tensors(batch(ROWS, inputs, task_graph(2))))["embedding_gates"]
    assert found.axes[1].entries == inputs.slots(True)
    assert found.values.shape == (3, 12)


def test_five_branches_one_scenario_and_no_priors_train() -> None:
    inputs, tasks = with_lists(with_priors(layout(1))), five_branch_graph()
    ranker = make_ranker(CONFIG, inputs=inputs, tasks=tasks, learning_rate=0.01)
    randomise(ranker, scale=0.1)
    rows = tensors(batch(ROWS, inputs, tasks))
    losses = [float(ranker.train_step(rows)["loss"]) for _ in range(3)]
    assert losses[-1] < losses[0]
    assert all(np.all(np.isfinite(v)) for v in ranker.weights)


def test_unknown_settings_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'personal_gate_units'"):
        parse_model_config({"name": "pepnet", "personal_gate_unit": 8})
    with pytest.raises(SettingsError, match="table_learning_rate"):
        parse_model_config({"name": "pepnet", "table_learning_rate": 0.0})
