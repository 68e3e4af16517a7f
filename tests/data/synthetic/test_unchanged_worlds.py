"""Logs of worlds without histories are what they always were: claims and digests rest on them."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.proof.worlds.kinds import WORLDS
from data.synthetic import SyntheticConfig, World, WorldConfig, draw_balanced, draw_log

# Made by the code before histories came. Sums are of true_ctr, true_xcvr and dense_s.
DRAWN = {
    "default": (
        ("2ec477177b270da4", (53.31132434934557, 5.0910968662427285, 12.656912803649902)),
        ("91b23bd874452f01", (10.183250276844696, 1.3591957461190396, 9.115758895874023)),
    ),
    "disjoint_users": (
        ("c369ef6e2f42be85", (53.04222475440367, 4.705509271131228, 12.656912803649902)),
        ("a6248a5c9cf1d5b3", (10.139999109425585, 1.2885219498212233, 9.115758895874023)),
    ),
    "selection_9_unclicked": (
        ("bb05e6989dd7f471", (53.31132434934557, 7.815142053903341, 12.656912803649902)),
        ("d392f93e5274f8d0", (10.183250276844696, 1.7950243465745737, 9.115758895874023)),
    ),
}


def digest(table: pa.Table) -> str:
    """Of all integers and texts: floats differ in their last bits between machines."""
    found = hashlib.sha256()
    for column in table.columns:
        if pa.types.is_integer(column.type):
            found.update(np.ascontiguousarray(column.to_numpy(), "<i8").tobytes())
        elif pa.types.is_string(column.type):
            found.update(" ".join(column.to_pylist()).encode())
    return found.hexdigest()[:16]


@pytest.mark.parametrize("name", DRAWN)
def test_a_world_without_histories_is_what_it_was(name):
    values = {"seed": 11, "users": 300, "items": 100, **WORLDS[name]}
    config = SyntheticConfig(rows=700, days=2, seed=11, world=WorldConfig.model_validate(values))
    world = World.build(config.world)
    drawn = draw_log(config, world), draw_balanced(config, 20, world, 3)
    for table, (expected, sums) in zip(drawn, DRAWN[name], strict=True):
        assert digest(table) == expected
        for column, total in zip(("true_ctr", "true_xcvr", "dense_s"), sums, strict=True):
            found = table[column].to_numpy().sum(dtype=np.float64)
            assert found == pytest.approx(total, rel=1e-6), column
