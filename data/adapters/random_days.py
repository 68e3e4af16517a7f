"""A random split as days: what a window then holds out is a random part of the rows."""

from __future__ import annotations

import numpy as np

from data.log.span_writer import SECONDS_A_DAY

RANDOM_DAYS = 10
RANDOM_START = np.datetime64("2000-01-01")
"""The days are made up; no log of this repository has a real one of them."""


def random_times(rows: int, seed: int) -> np.ndarray:
    """Distinct seconds, int64 [rows], in random order and spread evenly over the random days.

    A random tenth of the rows falls on each of the ten days.
    """
    start = RANDOM_START.astype("datetime64[s]").astype(np.int64)
    places = np.random.default_rng(seed).permutation(rows)
    return start + places * (RANDOM_DAYS * SECONDS_A_DAY) // rows
