"""Rows of the synthetic log as models read them, made without Transform.

All columns have small domains that are known: an index is the value itself, and a number is
standard normal as it is drawn. A world costs a second, and Beam is not needed.
"""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import tensorflow as tf

from data.synthetic import draw_balanced, draw_log
from data.synthetic.columns import TRUTH, contract
from data.synthetic.config import SyntheticConfig, WorldConfig
from data.synthetic.world import World
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, Field, InputLayout, value_key
from models.features.targets import targets_of
from models.trials.data import TrialData
from schemas.column import Column
from schemas.tags import Numeric

_DAYS = 8


def made_rows(
    world: WorldConfig, seed: int, rows: int, judged: int
) -> tuple[TrialData, dict[str, np.ndarray]]:
    """Draws a log to learn from and later rows of the same world that judge.

    Positions are those of the log in all rows: a fixed one in the rows that judge would
    make every calibration a matter of that position too.

    Args:
      world: the world.
      seed: of the draws.
      rows: impressions to learn from; the last eighth is for validation.
      judged: impressions of the days after.

    Returns:
      The rows, and the true probabilities of the judged ones by column, float64 [judged].
    """
    config = SyntheticConfig(rows=rows, days=_DAYS, seed=seed, world=world)
    after = config.model_copy(
        update={"rows": judged, "start": config.start + datetime.timedelta(days=_DAYS)}
    )
    drawn = World.build(world)
    log, later = draw_log(config, drawn), draw_log(after, drawn)
    inputs = _layout(world)
    learned = log.num_rows * (_DAYS - 1) // _DAYS
    data = TrialData(
        layout=inputs,
        tasks=contract().tasks,
        train=_split(log[:learned], inputs),
        validation=_split(log[learned:], inputs),
        eval=_split(later, inputs),
    )
    return data, {name: later[name].to_numpy() for name in TRUTH}


def truth_at_position(world: WorldConfig, seed: int, rows: int, position: int) -> dict[str, float]:
    """Returns mean true probabilities at one position over those at the log's, by column.

    That is the calibration of a perfect model whose scores are those at that position, as
    the defaults of `train_only` columns make them, against labels at all positions.

    Args:
      world: the world.
      seed: of the draws.
      rows: rows of every scenario; the same for both but for their position.
      position: the only one.
    """
    drawn, config = World.build(world), SyntheticConfig(seed=seed, world=world)
    fixed, logged = (draw_balanced(config, rows, drawn, x) for x in (position, None))
    return {x: float(np.mean(fixed[x].to_numpy()) / np.mean(logged[x].to_numpy())) for x in TRUTH}


def _layout(world: WorldConfig) -> InputLayout:
    sizes = {"user_id": world.users, "item_id": world.items}
    numeric = [x for x in contract().features if isinstance(x.treatment, Numeric)]
    fields = [
        Field(
            column.graph_name,
            sizes.get(column.name) or _size(column),
            side=column.side,
            prior="prior" in column.tags.flags,
        )
        for column in contract().features
        if column not in numeric
    ]
    return InputLayout(tuple(fields), tuple(x.graph_name for x in numeric), contract().scenarios)


def _size(column: Column) -> int:
    if column.values:
        return len(column.values)
    assert column.int_range is not None, column.name
    return column.int_range[1] + 1


def _split(table: pa.Table, inputs: InputLayout) -> InMemorySplit:
    names = contract().scenarios
    scenario = np.array([names.index(x) for x in table["scenario"].to_pylist()], np.int32)
    integers = {SCENARIO_KEY: scenario}
    for field in inputs.fields:
        own = field.column == "scenario"
        integers[field.key] = scenario if own else table[field.column].to_numpy()
    floats = {value_key(name): table[name].to_numpy() for name in inputs.numeric}
    labels = {x.column: tf.constant(table[x.column].to_numpy()) for x in contract().tasks.labels}
    labels[contract().sampling_rate_key] = tf.ones([table.num_rows])
    floats |= {name: x.numpy() for name, x in targets_of(contract(), labels).items()}
    integer_names, float_names = tuple(sorted(integers)), tuple(sorted(floats))
    return InMemorySplit(
        integer_names,
        np.stack([integers[name] for name in integer_names], axis=1).astype(np.int32),
        float_names,
        np.stack([floats[name] for name in float_names], axis=1).astype(np.float32),
    )
