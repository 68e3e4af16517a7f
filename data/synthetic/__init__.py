"""A synthetic impression log whose Bayes-optimal probabilities are known.

No open log has unselected impressions, a real scenario column, clicks and
conversions at once; so what is claimed about a model is verified on this one.
"""

from __future__ import annotations

import pathlib

import numpy as np

from common.settings import SettingsError
from data.log.span_writer import refuse_existing, write_span
from data.synthetic.columns import TRUTH, contract
from data.synthetic.config import BlockWeights, SyntheticConfig, WorldConfig
from data.synthetic.log import days, draw_balanced, draw_days, draw_log, no_clicks
from data.synthetic.soft_auc import soft_auc
from data.synthetic.world import World

__all__ = [
    "TRUTH",
    "BlockWeights",
    "SyntheticConfig",
    "World",
    "WorldConfig",
    "draw_balanced",
    "draw_log",
    "no_clicks",
    "soft_auc",
    "write_log",
]


def write_log(out: str | pathlib.Path, config: SyntheticConfig, overwrite: bool = False) -> None:
    """Writes the log of `config` as `<out>/span=YYYY-MM-DD/part-*.parquet`, a day at a time.

    Args:
      out: the log's folder; spans of other days that it holds already stay.
      config: which log.
      overwrite: replaces spans that exist already.

    Raises:
      SettingsError: the world has another number of scenarios than the schema.
      BadDataError: a span exists already and must not be overwritten.
    """
    out = pathlib.Path(out)
    scenarios = contract().scenarios
    if len(config.world.shares) != len(scenarios):
        raise SettingsError(
            f"world.shares has {len(config.world.shares)} values; the schema has "
            f"{len(scenarios)} scenarios ({', '.join(scenarios)}): give one share a scenario"
        )
    refuse_existing([np.datetime64(day) for day in days(config)], out, overwrite)
    for day, table in draw_days(config, World.build(config.world)):
        write_span(table, out, np.datetime64(day), overwrite)
