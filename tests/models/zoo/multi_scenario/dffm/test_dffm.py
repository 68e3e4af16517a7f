"""DFFM as a whole."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from dffm_formula import Formula
from made_batches import (
    batch,
    five_branch_graph,
    layout,
    make_ranker,
    step_gradients,
    taken,
    task_graph,
    tensors,
    weight,
)
from made_dffm import CONFIG, DOMAIN, HOURS, LISTS, PLAIN, ROWS, E, made, with_domain
from made_lists import with_lists

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, InputLayout, indices_key, lengths_key
from models.ranker import Ranker
from models.registry import parse_model_config

OUTPUTS = ("click", "action_given_click")


def hidden_of(formula: Formula, features: Any, row: int, inputs: InputLayout) -> np.ndarray:
    """[h_DFFI; h_DFUB] of a row of the layouts of `made_dffm`: item is the target."""
    domain = [p for p, field in enumerate(inputs.fields) if field.prior_role == "scenario"]
    read = formula.ranker.model_config.micro_columns
    k = int(features.scenario[row])
    fields = features.fields[row].numpy().astype(np.float64)
    plain = fields[: len(inputs.slots(False))]
    of_micro = plain[[p for p in domain if inputs.fields[p].column in read]].ravel()
    others = [p for p in range(len(plain)) if p not in (1, *domain)]
    own = formula.value("dffm/domain/vectors")[k]
    raw = plain[[1, *domain]]
    tokens = np.concatenate([formula.micro(k, plain[others], of_micro), raw, own[None]])
    flat = np.concatenate([plain.ravel(), own, features.numeric[row].numpy()])
    parts = [formula.interactions(tokens, flat)]
    first = len(plain)
    for group in inputs.sequences:
        last = first + len(group.columns)
        summary = fields[first:last].ravel()
        embeddings, mask = features.sequences[group.name]
        values = embeddings[row].numpy()[mask[row].numpy()]
        if len(values):
            wide = [raw.ravel(), formula.value("domain_of_behaviours/vectors")[k]]
            of_row = np.concatenate(wide).reshape(3, -1)
            summary = summary + formula.behaviours(group.name, values, of_row, 2)[0]
        parts.append(summary)
        first = last
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        (PLAIN, {}),
        (DOMAIN, {"micro_units": (3, 2), "micro_identity": False, "tower_units": ()}),
        (HOURS, {"micro_columns": ("hour",)}),
        (LISTS, {}),
    ],
    ids=["plain", "published", "hours", "lists"],
)
def test_probabilities_are_the_formula(inputs: InputLayout, options: dict[str, Any]) -> None:
    ranker, rows = made(inputs, **options)
    features = ranker.features(tensors(rows))
    widths = (E, *options.get("micro_units", (3,)), E)
    formula = Formula(ranker, widths, options.get("micro_identity", True))
    outputs = ranker(tensors(rows))
    for row in range(ROWS):
        hidden = hidden_of(formula, features, row, inputs)
        for c, output in enumerate(OUTPUTS):
            wanted = formula.probability(c, hidden, float(features.offset[row, c]))
            assert outputs[output][row].numpy() == pytest.approx(wanted, abs=1e-6)


def test_an_untrained_model_multiplies_embeddings_as_they_are_and_reads_the_summary() -> None:
    ranker, rows = made(LISTS, random=False)
    features = ranker.features(tensors(rows))
    architecture: Any = ranker.architecture
    tokens = architecture.tokens(features).numpy()
    plain = features.fields[:, : len(LISTS.slots(False))].numpy()
    others = [p for p in range(plain.shape[1]) if p not in (1, 3)]
    np.testing.assert_array_equal(tokens[:, : len(others)], plain[:, others])
    np.testing.assert_array_equal(tokens[:, len(others) : -1], plain[:, [1, 3]])
    for group, found in zip(("history", "queries"), architecture.behaviours(features), strict=True):
        width = found.shape[1] // E
        first = {"history": plain.shape[1], "queries": plain.shape[1] + 3}[group]
        summary = features.fields[:, first : first + width].numpy()
        np.testing.assert_array_equal(found, summary.reshape(ROWS, -1))


def test_an_empty_history_is_the_learned_vector() -> None:
    ranker, rows = made(LISTS)
    features = ranker.features(tensors(rows))
    architecture: Any = ranker.architecture
    history, _ = architecture.behaviours(features)
    empty = rows[lengths_key("history")] == 0
    assert 0 < empty.sum() < ROWS
    vector = weight(ranker, "history_history/empty/vector").numpy().reshape(3, E)
    # The default's columns begin with those that share a field's table: `seen`, the second.
    wanted = vector[[1, 0, 2]].ravel()
    np.testing.assert_array_equal(history.numpy()[empty], np.tile(wanted, (empty.sum(), 1)))


def gradients(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    pairs = zip(ranker.trainable_variables, step_gradients(ranker, rows), strict=True)
    return {v.name: tf.convert_to_tensor(g).numpy() for v, g in pairs}


def test_a_scenario_has_its_embeddings_and_nothing_else_of_its_own() -> None:
    ranker, rows = made(LISTS)
    rows = taken(rows, rows[SCENARIO_KEY] == 2)
    own = {
        name.split("dffm/")[1]: g for name, g in gradients(ranker, rows).items() if "dffm/" in name
    }
    private = {name: g for name, g in own.items() if g.shape[0] == 3 and g.ndim == 2}
    assert sorted(private) == [
        "domain/vectors:0",
        "domain_of_behaviours/vectors:0",
        "micro_network/deviation:0",
    ]
    for g in private.values():
        assert np.all(g[:2] == 0)
        # Kernels and biases of both of D's layers; a leaky ReLU lets all of them learn.
        assert np.all(g[2] != 0)


def test_one_more_scenario_costs_its_embeddings_only() -> None:
    three, four = (made(inputs)[0].architecture for inputs in (PLAIN, layout(4)))
    sizes = [sum(math.prod(v.shape) for v in x.trainable_variables) for x in (three, four)]
    # D of 4 to 3 to 4 has 31 weights, the embedding 4.
    assert sizes[1] - sizes[0] == 31 + 4


def test_the_scenario_alone_changes_products_and_behaviours() -> None:
    ranker, rows = made(LISTS)
    other = dict(rows, **{SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3})
    architecture: Any = ranker.architecture
    before, after = (ranker.features(tensors(x)) for x in (rows, other))
    np.testing.assert_array_equal(before.fields, after.fields)
    moved = architecture.tokens(after).numpy() - architecture.tokens(before).numpy()
    assert np.all(np.any(moved[:, :-3] != 0, axis=(1, 2)))
    np.testing.assert_array_equal(moved[:, -3:-1], 0)
    history = [architecture.behaviours(x)[0].numpy() for x in (before, after)]
    present = rows[lengths_key("history")] > 0
    changed = np.any(history[0] != history[1], axis=1)
    np.testing.assert_array_equal(changed, present)


def test_the_target_changes_behaviours_and_padding_does_not() -> None:
    ranker, rows = made(LISTS)
    architecture: Any = ranker.architecture
    before = [x.numpy() for x in architecture.behaviours(ranker.features(tensors(rows)))]
    item = LISTS.fields[1].key
    swapped = dict(rows, **{item: (rows[item] + 1) % 40})
    after = [x.numpy() for x in architecture.behaviours(ranker.features(tensors(swapped)))]
    for name, old, new in zip(("history", "queries"), before, after, strict=True):
        present = rows[lengths_key(name)] > 0
        np.testing.assert_array_equal(np.any(old != new, axis=1), present)
    padded = dict(rows)
    for column, length, name in (("seen", 5, "history"), ("queries", 3, "queries")):
        behind = np.arange(length) >= rows[lengths_key(name)][:, None]
        padded[indices_key(column)] = np.where(behind, 7, rows[indices_key(column)])
    after = [x.numpy() for x in architecture.behaviours(ranker.features(tensors(padded)))]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_log_without_histories_and_histories_none_have_no_behaviours() -> None:
    for inputs, options in ((PLAIN, {}), (LISTS, {"histories": "none"})):
        ranker, rows = made(inputs, **options)
        features = ranker.features(tensors(rows))
        architecture: Any = ranker.architecture
        assert architecture.behaviours(features) == []
        assert not any("behaviours" in v.name for v in ranker.weights)
        assert set(architecture.explain(features)) == {"interactions", "change"}


def test_explains_products_changes_and_behaviours() -> None:
    ranker, rows = made(LISTS)
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    features = ranker.features(tensors(rows))
    architecture: Any = ranker.architecture
    found = architecture.explain(features)
    for explanation in found.values():
        explanation.document()
    names = (*(x for x in LISTS.slots(False) if x not in ("item", "scenario")), "item", "scenario")
    products, axes = found["interactions"]
    assert [axis.name for axis in axes] == ["scenario", "field", "with_field"]
    assert axes[1].entries == axes[2].entries == (*names, "(scenario)")
    tokens = architecture.tokens(features).numpy()
    formula = Formula(ranker, (E, 3, E))
    plain = features.fields[:, : len(LISTS.slots(False))].numpy()
    own = rows[SCENARIO_KEY] == 2
    wanted = np.abs((tokens[own, 0] * tokens[own, 4]).sum(1)).mean()
    assert products[2, 0, 4] == products[2, 4, 0] == pytest.approx(wanted, rel=1e-5)
    assert np.all(np.isnan(products[1]))
    assert np.all(np.isnan(np.diagonal(products[0])))
    change = found["change"]
    assert change.axes[1].entries == names[:-2]
    alone = np.zeros(0)
    moved = np.stack([formula.micro(2, x[[0]], alone) for x in plain[own].astype(np.float64)])[:, 0]
    shares = np.linalg.norm(moved - plain[own, 0], axis=1) / np.linalg.norm(plain[own, 0], axis=1)
    assert change.values[2, 0] == pytest.approx(shares.mean(), rel=1e-4)
    weights, axes = found["behaviours/history"]
    assert [len(axis.entries) for axis in axes] == [3, 5]
    # The newest value, which stands last.
    embeddings, mask = features.sequences["history"]
    newest = []
    for row in np.flatnonzero(own):
        values = embeddings[row].numpy()[mask[row].numpy()]
        if len(values):
            of_row = architecture.matrix_of_rows(features)[row].numpy()
            newest.append(formula.behaviours("history", values, of_row, 2)[1].mean(0)[-1])
    assert weights[2, 0] == pytest.approx(np.mean(newest), rel=1e-5)


def test_five_branches_and_one_scenario_train() -> None:
    inputs, tasks = with_domain(with_lists(layout(1))), five_branch_graph()
    ranker = make_ranker(CONFIG, inputs=inputs, tasks=tasks, learning_rate=0.01)
    rows = batch(ROWS, inputs, tasks)
    losses = [ranker.train_step(tensors(rows))["loss"].numpy() for _ in range(3)]
    assert losses[-1] < losses[0]
    assert all(np.all(np.isfinite(v)) for v in ranker.weights)


@pytest.mark.parametrize("inputs", [PLAIN, DOMAIN], ids=["plain", "domain"])
def test_pooled_deviations_are_held_back(inputs: InputLayout) -> None:
    rankers = [made(inputs, deviation_l2=l2)[0] for l2 in (None, 0.5)]
    rows = made(inputs)[1]
    free, pooled = (gradients(ranker, rows) for ranker in rankers)
    name = next(name for name in free if "deviation" in name)
    values = weight(rankers[0], "micro_network/deviation").numpy()
    np.testing.assert_allclose(pooled[name] - free[name], values, rtol=1e-4, atol=1e-6)
    assert all(np.allclose(free[x], pooled[x], atol=1e-6) for x in free if x != name)


@pytest.mark.parametrize("inputs", [PLAIN, DOMAIN], ids=["plain", "domain"])
def test_nothing_but_the_deviations_makes_d_depend_on_the_scenario(inputs: InputLayout) -> None:
    ranker, rows = made(inputs)
    other = (rows[SCENARIO_KEY] + 1) % 3
    moved = dict(rows, **{SCENARIO_KEY: other, inputs.fields[3].key: other})
    architecture: Any = ranker.architecture
    # User and hour, which are the same rows' in every scenario.
    assert architecture.token_names[:2] == ("user", "hour")
    deviation = weight(ranker, "micro_network/deviation")
    values = deviation.numpy()
    differences = []
    for factor in (1.0, 0.0):
        deviation.assign(factor * values)
        here, there = (
            architecture.tokens(ranker.features(tensors(x)))[:, :2].numpy() for x in (rows, moved)
        )
        differences.append(np.abs(here - there).max(axis=2))
    deviation.assign(values)
    assert np.all(differences[0] > 0)
    np.testing.assert_array_equal(differences[1], 0)


def test_columns_that_d_reads_are_those_of_the_domain() -> None:
    tasks = task_graph(2)
    kernel = weight(made(HOURS, micro_columns=("hour",))[0], "micro_network/prior_kernel")
    assert kernel.shape == (E, 31)
    assert not any("prior_kernel" in v.name for v in made(HOURS)[0].weights)
    for inputs, name, message in (
        (HOURS, "hours", "'hours' is no column with the tag prior:scenario; did you mean 'hour'"),
        (DOMAIN, "user", "'user' is no .* known: scenario"),
        (PLAIN, "scenario", "the schema has none"),
    ):
        with pytest.raises(SettingsError, match=f"model.micro_columns: .*{message}"):
            make_ranker({**CONFIG, "micro_columns": [name]}, inputs=inputs, tasks=tasks)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_and_finite(precision: str) -> None:
    plain, rows = made(LISTS)
    mixed = make_ranker(CONFIG, inputs=LISTS, tasks=task_graph(2), precision=precision)
    mixed.set_weights(plain.get_weights())
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    for output, wanted in plain(tensors(rows)).items():
        np.testing.assert_allclose(mixed(tensors(rows))[output], wanted, atol=0.05)
    assert np.isfinite(mixed.train_step(tensors(rows))["loss"])
    assert all(np.all(np.isfinite(v)) for v in mixed.weights)


def test_unknown_settings_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'micro_units'"):
        parse_model_config({"name": "dffm", "micro_unit": [8]})
    with pytest.raises(SettingsError, match="interaction_units"):
        parse_model_config({"name": "dffm", "interaction_units": []})
