import numpy as np
from sklearn.metrics import roc_auc_score

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import Field, InputLayout
from models.metrics.binary import weighted_log_loss
from models.references.logistic_regression import STRENGTHS, design, tune_logistic_regression
from models.references.smoothed_rate import SMOOTHINGS, fit_smoothed_rate, tune_smoothed_rate
from models.references.table import Table, table_of


def made_table(count: int, seed: int, users: int = 40, items: int = 15) -> Table:
    """Clicks whose log-odds are the sum of a user's, an item's and a number's effect."""
    effects = np.random.default_rng(0)
    of_user, of_item = effects.normal(size=users), effects.normal(size=items)
    random = np.random.default_rng(seed)
    fields = np.stack([random.integers(0, users, count), random.integers(0, items, count)], axis=1)
    number = random.normal(size=(count, 1)).astype(np.float32)
    logits = of_user[fields[:, 0]] + of_item[fields[:, 1]] + number[:, 0]
    target = (random.random(count) < 1 / (1 + np.exp(-logits))).astype(float)
    return Table(fields.astype(np.int32), (users, items), number, target, np.ones(count))


def test_table_holds_the_rows_of_the_space_in_the_layouts_order():
    rows = InMemorySplit(
        ("brand__index", "user__index"),
        np.array([[3, 1], [4, 2], [5, 0]], np.int32),
        ("age__value", "target__buy_given_click", "weight__buy_given_click"),
        np.array([[0.5, 1, 2], [0.1, 0, 0], [-0.5, 0, 1]], np.float32),
    )
    layout = InputLayout((Field("user", 3), Field("brand", 9)), ("age",), ("home",))
    table = table_of(rows, layout, "buy_given_click")
    np.testing.assert_array_equal(table.fields, [[1, 3], [0, 5]])
    np.testing.assert_array_equal(table.numeric, np.float32([[0.5], [-0.5]]))
    np.testing.assert_array_equal(table.target, [1, 0])
    np.testing.assert_array_equal(table.weight, [2, 1])
    assert table.sizes == (3, 9)
    assert table.has_both_classes()


def test_smoothed_rate_by_hand():
    # Overall rate 0.5 (weights 1, 1, 2); user 0: 1 of 1, user 1: 1 of 3, user 2: never seen.
    table = Table(
        np.array([[0], [1], [1]], np.int32),
        (3,),
        np.empty((3, 0), np.float32),
        np.array([1.0, 1.0, 0.0]),
        np.array([1.0, 1.0, 2.0]),
    )
    fit = fit_smoothed_rate(table, [0], [2.0])
    unseen = Table(np.array([[2]], np.int32), (3,), table.numeric, np.ones(1), np.ones(1))
    np.testing.assert_allclose(fit.scores(table), [(1 + 1) / (1 + 2), 2 / 5, 2 / 5])
    np.testing.assert_allclose(fit.scores(unseen), [0.5])


def test_two_keys_add_up_in_log_odds():
    table = made_table(400, 1)
    both = fit_smoothed_rate(table, [0, 1], [3.0, 30.0]).scores(table)
    user = fit_smoothed_rate(table, [0], [3.0]).scores(table)
    item = fit_smoothed_rate(table, [1], [30.0]).scores(table)
    rate = table.target.mean()

    def odds(p):
        return p / (1 - p)

    np.testing.assert_allclose(odds(both), odds(user) * odds(item) / odds(rate))


def test_smoothing_is_the_best_on_validation():
    train, validation = made_table(300, 1), made_table(300, 2)
    fit = tune_smoothed_rate(train, validation, [0, 1])
    losses = {
        (user, item): weighted_log_loss(
            validation.target,
            fit_smoothed_rate(train, [0, 1], (user, item)).scores(validation),
            validation.weight,
        )
        for user in SMOOTHINGS
        for item in SMOOTHINGS
    }
    assert losses[fit.smoothings] == min(losses.values())
    assert losses[fit.smoothings] < losses[SMOOTHINGS[0], SMOOTHINGS[0]]


def test_design_matrix_by_hand():
    table = Table(
        np.array([[1, 0], [0, 2]], np.int32),
        (2, 3),
        np.array([[0.5], [-1.0]], np.float32),
        np.ones(2),
        np.ones(2),
    )
    np.testing.assert_array_equal(
        design(table).toarray(), [[0, 1, 1, 0, 0, 0.5], [1, 0, 0, 0, 1, -1.0]]
    )


def test_design_matrix_without_fields_or_numbers():
    empty = np.empty((2, 0))
    only_numbers = Table(empty.astype(np.int32), (), np.ones((2, 1)), np.ones(2), np.ones(2))
    assert design(only_numbers).shape == (2, 1)
    only_fields = Table(np.zeros((2, 1), np.int32), (1,), empty, np.ones(2), np.ones(2))
    np.testing.assert_array_equal(design(only_fields).toarray(), np.ones((2, 1)))


def test_logistic_regression_is_stationary_where_its_loss_says():
    train, validation = made_table(2000, 1), made_table(500, 2)
    fit = tune_logistic_regression(train, validation)
    assert fit.strength in STRENGTHS
    # The gradient of C * sum of losses + |weights|^2 / 2 vanishes at the optimum.
    residual = fit.scores(train) - train.target
    gradient = fit.strength * (design(train).T @ residual) + fit.weights
    assert np.abs(gradient).max() < 0.05
    assert abs(fit.strength * residual.sum()) < 0.05


def test_each_reference_knows_more_than_the_one_before():
    train, validation, test = made_table(4000, 1), made_table(1000, 2), made_table(2000, 3)
    fits = [
        tune_smoothed_rate(train, validation, [0]),
        tune_smoothed_rate(train, validation, [0, 1]),
        tune_logistic_regression(train, validation),
    ]
    areas = [roc_auc_score(test.target, fit.scores(test)) for fit in fits]
    assert areas == sorted(areas)
    assert areas[0] > 0.6
    assert areas[2] - areas[0] > 0.05
