"""A made log in which a purchase follows a click, or comes without one."""

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import (
    ROW_WEIGHT_KEY,
    SCENARIO_KEY,
    Field,
    InputLayout,
    index_key,
    target_key,
    value_key,
    weight_key,
)
from schemas.task_graph import Label, sorted_by_parents

LAYOUT = InputLayout(
    (Field("user", 30, side="user", prior=True), Field("item", 20, side="item")),
    ("age",),
    ("home", "cart"),
)
TASKS = sorted_by_parents(
    [
        Label("click", "is_click"),
        Label("cart", "is_cart", "click", True),
        Label("pay", "is_pay", "click", False, ("click", "cart")),
    ]
)


def made_log(rows: int, seed: int) -> InMemorySplit:
    """Rows with 15 % clicks; 12 % of these and 2 % of the others pay, others by `age` alone."""
    random = np.random.default_rng(seed)
    effects = np.random.default_rng(0).normal(size=(2, 30))
    user, item = random.integers(0, 30, rows), random.integers(0, 20, rows)
    age = random.normal(size=rows)

    def drawn(logit: np.ndarray) -> np.ndarray:
        return (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.float64)

    click = drawn(-2 + 0.8 * effects[0, user])
    cart = click * drawn(-1 + 0.8 * effects[1, item])
    pay = np.where(click > 0, drawn(-2.4 + 0.5 * effects[1, item] + cart), drawn(-4.2 + 0.8 * age))
    labels = {"click": click, "cart": cart, "pay": pay}
    integers = {
        index_key("user"): user,
        index_key("item"): item,
        SCENARIO_KEY: random.integers(0, 2, rows),
    }
    floats = {value_key("age"): age, ROW_WEIGHT_KEY: np.ones(rows)}
    for output in TASKS.outputs:
        floats[target_key(output.name)] = np.prod([labels[x] for x in output.target], axis=0)
        space = [labels[x] for x in output.space]
        floats[weight_key(output.name)] = np.prod([np.ones(rows), *space], axis=0)
    return InMemorySplit(
        tuple(sorted(integers)),
        np.stack([integers[name] for name in sorted(integers)], axis=1).astype(np.int32),
        tuple(sorted(floats)),
        np.stack([floats[name] for name in sorted(floats)], axis=1).astype(np.float32),
    )
