"""Draws logs and evaluation sets from a world."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from data.log.arrow_schema import arrow_fields
from data.log.span_writer import SECONDS_A_DAY
from data.synthetic.clicks_before import ClicksBefore, draw_clicks
from data.synthetic.columns import HIDDEN, TRUTH, contract, history_length
from data.synthetic.config import SyntheticConfig, WorldConfig
from data.synthetic.outcomes import Chances, outcomes
from data.synthetic.population import Columns
from data.synthetic.truth import true_probabilities
from data.synthetic.world import World

BALANCED_STREAM = 1 << 32
"""Seeds the balanced set apart from every day, whose stream is its ordinal."""

Before = Callable[[Columns, np.ndarray, np.ndarray], ClicksBefore]
"""From rows, their clicks' logits without clicks before, and the chance that decides between
click and no click, each [N], to the clicks before each row."""


def log_schema(histories: bool = False) -> pa.Schema:
    """The log's Arrow schema: the contract's other columns, then TRUTH and HIDDEN.

    Args:
      histories: whether the log is of a world with `histories`.
    """
    fields = [field for field in arrow_fields(contract(histories)) if field.name not in TRUTH]
    fields += [pa.field(name, pa.float64()) for name in TRUTH]
    fields += [pa.field(HIDDEN[0], pa.int64()), pa.field(HIDDEN[1], pa.float32())]
    return pa.schema(fields)


def _table(
    world: World,
    scenario: np.ndarray,
    day: datetime.date,
    rng: np.random.Generator,
    clicks_before: Before,
    position: int | None = None,
) -> pa.Table:
    """Draws impressions of one day with their outcomes, in the order of `scenario`."""
    config = world.config
    columns = world.population.draw(scenario, rng, position)
    logits = world.logits(columns)
    chances = Chances.draw(len(scenario), config, rng)
    midnight = (day - datetime.date(1970, 1, 1)).days * SECONDS_A_DAY
    within = rng.integers(3600, size=len(scenario))
    columns["timestamp"] = midnight + 3600 * columns["hour"] + within
    lists: dict[str, pa.Array] = {}
    if config.histories:
        before = clicks_before(columns, logits.click + chances.hidden, chances.uniform[0])
        logits = world.with_histories(logits, before.items, columns["item_id"])
        category = world.population.item_fields["item_category"]
        lists = before.columns(category, columns["timestamp"])
    columns |= outcomes(logits, chances)
    columns |= true_probabilities(logits, config.confounding)
    columns["scenario"] = np.array(contract().scenarios, object)[scenario]
    schema = log_schema(config.histories)
    arrays = [
        lists[field.name]
        if field.name in lists
        else pa.array(columns[field.name], from_pandas=True).cast(field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _rng(config: SyntheticConfig, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([config.seed, stream]))


def days(config: SyntheticConfig) -> list[datetime.date]:
    """The log's days."""
    return [config.start + datetime.timedelta(days=day) for day in range(config.days)]


def draw_days(
    config: SyntheticConfig, world: World, users: ClicksBefore | None = None
) -> Iterator[tuple[datetime.date, pa.Table]]:
    """Yields (day, its rows in the order of time), one day at a time.

    A day depends on the world, the seed, the date and its number of rows alone, so a
    log that is continued equals the longer log. In a world with `histories` it also depends
    on the clicks of the days before it, and the first day begins without any.

    Args:
      config: which log.
      world: `World.build(config.world)`.
      users: `no_clicks(config)`, to have the clicks of all days afterwards.
    """
    users = no_clicks(config) if users is None else users

    def before(rows: Columns, logit: np.ndarray, uniform: np.ndarray) -> ClicksBefore:
        return draw_clicks(world, rows, logit, uniform, users)

    for index, day in enumerate(days(config)):
        rng = _rng(config, day.toordinal())
        rows = config.rows // config.days + (index < config.rows % config.days)
        scenario = rng.choice(len(config.world.shares), size=rows, p=_shares(config.world))
        table = _table(world, scenario, day, rng, before)
        yield day, table.take(np.argsort(table["timestamp"].to_numpy(), kind="stable"))


def no_clicks(config: SyntheticConfig) -> ClicksBefore:
    """The clicks of every user before a log begins: none."""
    return ClicksBefore.none(config.world.users, history_length())


def _shares(config: WorldConfig) -> np.ndarray:
    shares = np.array(config.shares)
    return shares / shares.sum()


def draw_log(
    config: SyntheticConfig, world: World | None = None, users: ClicksBefore | None = None
) -> pa.Table:
    """The whole log as one table, in the order of time; see `log_schema` and `draw_days`."""
    world = world or World.build(config.world)
    return pa.concat_tables(table for _, table in draw_days(config, world, users))


def draw_balanced(
    config: SyntheticConfig,
    rows_per_scenario: int = 10_000,
    world: World | None = None,
    position: int | None = None,
    users: ClicksBefore | None = None,
) -> pa.Table:
    """An evaluation set with equally many rows of every scenario, by the log's own law.

    Given the scenario, rows follow the same distribution as the log's, so a scenario
    with few conversions in the log still gets a precise AUC. The rows are of the day
    after the log, ordered by scenario. In a world with `histories` each comes right after
    the log: what the user clicked before are the last clicks in the log.

    Args:
      config: the log it belongs to; its seed never draws the same rows as the log.
      rows_per_scenario: number of rows of each scenario.
      world: `World.build(config.world)`, if it was built already.
      position: the position of every row; 0 is what a model sees that must not know the
        position. None draws it as in the log.
      users: the clicks of the log, as `draw_days` leaves them, if it was drawn already.
    """
    world = world or World.build(config.world)
    if users is None:
        users = no_clicks(config)
        for _ in draw_days(config, world, users) if config.world.histories else ():
            pass
    scenario = np.repeat(np.arange(len(config.world.shares)), rows_per_scenario)
    after = config.start + datetime.timedelta(days=config.days)

    def before(rows: Columns, *_: np.ndarray) -> ClicksBefore:
        return users.at(rows["user_id"])

    return _table(world, scenario, after, _rng(config, BALANCED_STREAM), before, position)
