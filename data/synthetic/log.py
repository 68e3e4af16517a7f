"""Draws logs and evaluation sets from a world."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from data.log.arrow_schema import arrow_fields
from data.log.span_writer import SECONDS_A_DAY
from data.synthetic.columns import HIDDEN, TRUTH, contract
from data.synthetic.config import SyntheticConfig, WorldConfig
from data.synthetic.logits import ACTION_BOOST, Logits, sigmoid
from data.synthetic.population import Columns
from data.synthetic.truth import true_probabilities
from data.synthetic.world import World

CONVERSION_DELAY_HOURS = 6.0
BALANCED_STREAM = 1 << 32
"""Seeds the balanced set apart from every day, whose stream is its ordinal."""


def log_schema() -> pa.Schema:
    """The log's Arrow schema: the contract's other columns, then TRUTH and HIDDEN."""
    fields = [field for field in arrow_fields(contract()) if field.name not in TRUTH]
    fields += [pa.field(name, pa.float64()) for name in TRUTH]
    fields += [pa.field(HIDDEN[0], pa.int64()), pa.field(HIDDEN[1], pa.float32())]
    return pa.schema(fields)


def _outcomes(logits: Logits, config: WorldConfig, rng: np.random.Generator) -> Columns:
    """Draws labels, potential conversions and delays; each [N]."""
    rows = len(logits.click)
    hidden = config.confounding * rng.standard_normal(rows)
    uniform = rng.random((4, rows))
    click = uniform[0] < sigmoid(logits.click + hidden)
    action = uniform[1] < sigmoid(logits.action)
    potential = uniform[2] < sigmoid(logits.conversion + hidden + ACTION_BOOST * action)
    unclicked = uniform[3] < config.unclicked_conversion
    conversion = np.where(click, potential, unclicked)
    delay = rng.exponential(CONVERSION_DELAY_HOURS, rows)
    return {
        "click": click,
        "action": click & action,
        "conversion": conversion,
        "potential_conversion": potential,
        "conversion_delay_hours": np.where(conversion, delay, np.nan),
    }


def _table(
    world: World,
    scenario: np.ndarray,
    day: datetime.date,
    rng: np.random.Generator,
    position: int | None = None,
) -> pa.Table:
    """Draws impressions of one day with their outcomes, in the order of `scenario`."""
    config = world.config
    columns = world.population.draw(scenario, rng, position)
    logits = world.logits(columns)
    columns |= _outcomes(logits, config, rng)
    columns |= true_probabilities(logits, config.confounding, config.unclicked_conversion)
    midnight = (day - datetime.date(1970, 1, 1)).days * SECONDS_A_DAY
    within = rng.integers(3600, size=len(scenario))
    columns["timestamp"] = midnight + 3600 * columns["hour"] + within
    columns["scenario"] = np.array(contract().scenarios, object)[scenario]
    schema = log_schema()
    arrays = [pa.array(columns[field.name], from_pandas=True).cast(field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _rng(config: SyntheticConfig, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([config.seed, stream]))


def days(config: SyntheticConfig) -> list[datetime.date]:
    """The log's days."""
    return [config.start + datetime.timedelta(days=day) for day in range(config.days)]


def draw_days(config: SyntheticConfig, world: World) -> Iterator[tuple[datetime.date, pa.Table]]:
    """Yields (day, its rows in the order of time), one day at a time.

    A day depends on the world, the seed, the date and its number of rows alone, so a
    log that is continued equals the longer log.

    Args:
      config: which log.
      world: `World.build(config.world)`.
    """
    for index, day in enumerate(days(config)):
        rng = _rng(config, day.toordinal())
        rows = config.rows // config.days + (index < config.rows % config.days)
        scenario = rng.choice(len(config.world.shares), size=rows, p=_shares(config.world))
        table = _table(world, scenario, day, rng)
        yield day, table.take(np.argsort(table["timestamp"].to_numpy(), kind="stable"))


def _shares(config: WorldConfig) -> np.ndarray:
    shares = np.array(config.shares)
    return shares / shares.sum()


def draw_log(config: SyntheticConfig, world: World | None = None) -> pa.Table:
    """The whole log as one table, in the order of time; see `log_schema`."""
    world = world or World.build(config.world)
    return pa.concat_tables(table for _, table in draw_days(config, world))


def draw_balanced(
    config: SyntheticConfig,
    rows_per_scenario: int = 10_000,
    world: World | None = None,
    position: int | None = None,
) -> pa.Table:
    """An evaluation set with equally many rows of every scenario, by the log's own law.

    Given the scenario, rows follow the same distribution as the log's, so a scenario
    with few conversions in the log still gets a precise AUC. The rows are of the day
    after the log, ordered by scenario.

    Args:
      config: the log it belongs to; its seed never draws the same rows as the log.
      rows_per_scenario: number of rows of each scenario.
      world: `World.build(config.world)`, if it was built already.
      position: the position of every row; 0 is what a model sees that must not know the
        position. None draws it as in the log.
    """
    world = world or World.build(config.world)
    scenario = np.repeat(np.arange(len(config.world.shares)), rows_per_scenario)
    after = config.start + datetime.timedelta(days=config.days)
    return _table(world, scenario, after, _rng(config, BALANCED_STREAM), position)
