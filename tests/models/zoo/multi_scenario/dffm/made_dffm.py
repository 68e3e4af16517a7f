"""Small DFFMs, and logs whose domain has fields and whose histories have a target."""

import dataclasses
import functools
from typing import Any

import numpy as np
from made_batches import batch, layout, make_ranker, randomise, task_graph, with_domain
from made_lists import with_lists

from models.features.inputs import InputLayout
from models.ranker import Ranker

E, ROWS = 4, 24
CONFIG = {
    "name": "dffm",
    "embedding_dim": E,
    "micro_units": (3,),
    "interaction_units": (6, 5),
    "heads": 2,
    "head_units": 3,
    "tower_units": (4,),
}


def with_hours(inputs: InputLayout) -> InputLayout:
    """Marks the field `hour` as another one of the domain."""
    user, item, hour, *others = inputs.fields
    domain = dataclasses.replace(hour, prior=True, prior_role="scenario")
    return dataclasses.replace(inputs, fields=(user, item, domain, *others))


PLAIN = layout()
DOMAIN = with_domain(layout())
HOURS = with_hours(DOMAIN)
LISTS = with_domain(with_lists(layout()))


@functools.lru_cache(maxsize=4)
def made(
    inputs: InputLayout = PLAIN, random: bool = True, **options: Any
) -> tuple[Ranker, dict[str, np.ndarray]]:
    """A ranker with every variable away from its start, and rows; both are to be left so."""
    tasks = task_graph(2)
    ranker = make_ranker({**CONFIG, **options}, inputs=inputs, tasks=tasks)
    if random:
        randomise(ranker)
    return ranker, batch(ROWS, inputs, tasks)
