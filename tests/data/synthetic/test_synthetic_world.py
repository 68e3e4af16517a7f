import numpy as np
import pytest

from data.synthetic import World, WorldConfig, soft_auc
from data.synthetic.columns import contract
from data.synthetic.effects import Effects
from data.synthetic.intercepts import solve
from data.synthetic.logits import Logits
from data.synthetic.truth import true_probabilities


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def effects():
    return Effects.build(WorldConfig(), np.random.default_rng(0))


def test_blocks_share_their_tables_as_their_names_say(effects):
    tables = effects.blocks
    for kind in ("user", "item", "context", "dense"):
        t, g, s, n = (tables[f"{kind}_{block}"] for block in "tgsn")
        assert (t == t[0]).all()
        for a, b in ((0, 1), (0, 4), (2, 3), (2, 5)):
            np.testing.assert_array_equal(g[a], g[b])
        assert len(np.unique(g[:, 0])) == 3
        assert len(np.unique(s[:, 0])) == 7
        np.testing.assert_array_equal(n[2], -n[0])
        np.testing.assert_array_equal(n[6], n[0])
    assert (effects.interaction[0] == effects.interaction[4]).all()
    assert (effects.interaction[0] != effects.interaction[6]).all()


def test_a_scenario_with_the_tables_of_another_clicks_and_converts_for_its_reasons():
    world = World.build(WorldConfig(tables=(0, 1, 2, 3, 4, 5, 2), users=200, items=100))
    own = World.build(WorldConfig(users=200, items=100))
    rows = world.population.draw(np.full(500, 2), np.random.default_rng(1))
    there = {**rows, "scenario": np.full(500, 6)}
    for part in ("click", "action", "conversion"):
        effects, weights = getattr(world, part), world.config.weights
        np.testing.assert_array_equal(
            effects.logit(rows, weights), effects.logit(there, weights), part
        )
        theirs = getattr(own, part)
        np.testing.assert_array_equal(effects.logit(rows, weights), theirs.logit(rows, weights))
        assert np.abs(theirs.logit(there, weights) - theirs.logit(rows, weights)).mean() > 0.3


@pytest.mark.parametrize("tables", [(0, 1, 2), (0, 1, 2, 3, 4, 5, 7)])
def test_tables_are_those_of_scenarios(tables):
    with pytest.raises(ValueError, match="give one position of a scenario, 0 to 6"):
        WorldConfig(tables=tables)


def test_the_logit_by_hand(effects):
    columns = {"scenario": np.array([2]), "user_id": np.array([3]), "item_id": np.array([4])}
    for block in "tgsn":
        columns |= {f"{kind}_{block}": np.array([1]) for kind in ("user", "item", "context")}
        columns[f"dense_{block}"] = np.array([2.0], np.float32)
    columns |= {x: np.array([5]) for x in ("user_segment", "item_category", "position")}
    weights = WorldConfig().weights
    expected = 0.6 * effects.interaction[2, 5, 5] + 0.5 * effects.cross[1, 1]
    expected += 0.5 * effects.position[5]
    expected += 0.3 * (effects.user[3] + effects.item[4]) / 2**0.5
    for block, weight in (("t", 0.9), ("g", 0.5), ("s", 0.5), ("n", 0.4)):
        table = effects.blocks
        f = sum(table[f"{kind}_{block}"][2, 1] for kind in ("user", "item", "context"))
        expected += weight * (f + 2 * table[f"dense_{block}"][2, 0]) / 2
    assert effects.logit(columns, weights) == pytest.approx([expected])


@pytest.mark.parametrize("selection", [0.0, 0.5, 1.0])
def test_selection_is_the_correlation_of_the_tables(selection):
    world = World.build(WorldConfig(selection=selection))
    found = np.corrcoef(world.click.cross.ravel(), world.conversion.cross.ravel())[0, 1]
    assert found == pytest.approx(selection, abs=0.1)
    if selection == 1.0:
        np.testing.assert_array_equal(world.click.user, world.conversion.user)
        np.testing.assert_array_equal(world.click.position, world.conversion.position)


def test_omega_parts_the_users_of_the_scenarios():
    def overlap(omega):
        users = World.build(WorldConfig(omega_user=omega, users=2_000)).population.users
        assert users.sum(axis=1) == pytest.approx(np.ones(7))
        return np.minimum(users[0], users[1]).sum()

    assert overlap(0.0) == pytest.approx(1)
    assert overlap(4.0) < 0.15


def test_popularity_is_zipfs(world):
    users, items = world.population.users[0], world.population.items[3]
    assert users[0] / users[99] == pytest.approx(100**0.8)
    assert items[0] / items[99] == pytest.approx(100)


def test_solve_finds_the_intercept():
    logit = np.random.default_rng(0).normal(size=1_000)
    found = solve(lambda b: sigmoid(b + logit).mean(), 0.07)
    assert sigmoid(found + logit).mean() == pytest.approx(0.07, abs=1e-9)


def test_every_scenario_has_its_rates(config, balanced):
    rows = balanced.groupby("scenario")[["true_ctr", "true_ctavr", "true_ctcvr"]].sum()
    for i, name in enumerate(contract().scenarios):
        ctr, ctavr, ctcvr = rows.loc[name]
        assert ctr / 10_000 == pytest.approx(config.world.click_rate[i], rel=0.06)
        assert ctavr / ctr == pytest.approx(0.3, rel=0.06)
        assert ctcvr / ctr == pytest.approx(config.world.conversion_rate[i], rel=0.12)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("true_ctr", 0.80, 0.86), ("true_cvr", 0.78, 0.84), ("true_ctcvr", 0.88, 0.94)],
)
def test_bayes_auc_is_at_its_known_level_in_every_scenario(balanced, name, low, high):
    for _, rows in balanced.groupby("scenario"):
        assert low < soft_auc(rows[name], rows[name]) < high


def test_what_each_part_is_worth(config, world):
    scenario = np.zeros(20_000, int)
    columns = world.population.draw(scenario, np.random.default_rng(1))
    whole = world.logits(columns).click
    p = sigmoid(whole)
    lost = {}
    for part in config.world.weights.model_dump():
        without = config.world.weights.model_copy(update={part: 0.0})
        lost[part] = soft_auc(whole, p) - soft_auc(world.click.logit(columns, without), p)
    assert max(lost, key=lost.get) == "t"
    known = {"t": 0.04, "g": 0.017, "s": 0.011, "n": 0.008, "interaction": 0.028, "cross": 0.017}
    known |= {"identity": 0.006, "position": 0.022, "history": 0.0}
    assert lost == pytest.approx(known, abs=0.013)


def test_the_hidden_factor_is_integrated_out():
    rng = np.random.default_rng(0)
    logits = Logits(*(rng.normal(-2, 1.5, (5, 50))))
    found = true_probabilities(logits, confounding=1.3)
    h = np.linspace(-9, 9, 4_001)
    density = np.exp(-(h**2) / 2)
    density /= density.sum()
    y1 = sigmoid(logits.click[:, None] + 1.3 * h)
    y2 = sigmoid(logits.conversion[:, None] + 1.3 * h)
    y5 = sigmoid(logits.acting[:, None] + 1.3 * h)
    y4 = sigmoid(logits.action)[:, None]
    cvr = y2 * (1 - y4) + y4 * y5
    ctr, ctcvr = y1 @ density, (y1 * cvr) @ density
    expected = {
        "true_ctr": ctr,
        "true_ctavr": ctr * y4[:, 0],
        "true_cvr": cvr @ density,
        "true_cvr_clicked": ctcvr / ctr,
        "true_ctcvr": ctcvr,
        "true_xcvr": ctcvr + (1 - ctr) * sigmoid(logits.unclicked),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, err_msg=name)


def test_without_confounding_clicked_rows_convert_as_the_entire_space(balanced):
    np.testing.assert_allclose(balanced.true_cvr_clicked, balanced.true_cvr, rtol=1e-12)
    np.testing.assert_allclose(balanced.true_xcvr, balanced.true_ctcvr, rtol=1e-12)


def test_actions_and_missing_clicks_have_the_effects_of_the_config():
    knobs = {"unclicked_conversion": 0.01, "unclicked_effects": 0.4, "action_effects": 1.5}
    world = World.build(WorldConfig(users=2_000, action_boost=2.5, **knobs))
    columns = world.population.draw(np.full(20_000, 3), np.random.default_rng(4))
    logits, weights = world.logits(columns), world.config.weights
    np.testing.assert_allclose(logits.acting, logits.conversion + 2.5)
    centred = {
        name: logit - logit.mean()
        for name, logit in (
            ("action", logits.action),
            ("conversion", logits.conversion),
            ("unclicked", logits.unclicked),
        )
    }
    effects = world.action.logit(columns, weights)
    np.testing.assert_allclose(centred["action"], 1.5 * (effects - effects.mean()), atol=1e-12)
    np.testing.assert_allclose(centred["unclicked"], centred["conversion"] * 0.4 / 0.9, atol=1e-12)
    p = true_probabilities(logits, 0.0)
    unclicked = np.average(sigmoid(logits.unclicked), weights=1 - p["true_ctr"])
    assert unclicked == pytest.approx(0.01, rel=0.05)
    assert p["true_ctavr"].sum() / p["true_ctr"].sum() == pytest.approx(0.3, rel=0.05)
    assert p["true_ctcvr"].sum() / p["true_ctr"].sum() == pytest.approx(0.06, rel=0.1)


def test_without_unclicked_conversions_none_is_possible(world):
    assert (world.intercepts[:, 3] == -np.inf).all()
    columns = world.population.draw(np.zeros(10, int), np.random.default_rng(5))
    assert (sigmoid(world.logits(columns).unclicked) == 0).all()


def test_confounding_puts_the_best_clicked_only_predictor_off_by_a_factor_of_two():
    world = World.build(WorldConfig(confounding=1.0, users=2_000))
    scenario = np.repeat(np.arange(7), 1_000)
    logits = world.logits(world.population.draw(scenario, np.random.default_rng(2)))
    p = true_probabilities(logits, 1.0)
    unclicked = 1 - p["true_ctr"]
    predicted = (unclicked * p["true_cvr_clicked"]).sum()
    actual = (p["true_cvr"] - p["true_ctcvr"]).sum()
    assert predicted / actual == pytest.approx(2.03, abs=0.25)
