"""The worlds that claims are verified on, fixed before any model was tuned.

A claim's seed s is the seed of its world, of its log and of its training at once: an
interval over seeds then speaks of worlds of a kind, not of one world. Seeds of
`CLAIM_SEEDS` are for claims only, those of `TRUTH_SEEDS` say which flows are useful; models
are tuned on worlds of `TUNING_SEEDS`.
"""

from __future__ import annotations

from typing import Any

from data.synthetic.config import SyntheticConfig, WorldConfig

CLAIM_SEEDS = tuple(range(11, 31))
TRUTH_SEEDS = (31, 32, 33)
TUNING_SEEDS = (901, 902)

SCENARIOS = 7

MINOR = (5, 6)
"""The two scenarios of the default mix with less than 1 % of the impressions."""

RECIPIENT, DONOR = 6, 2
"""In the world `donor`, the scenario that has another's tables, and that other."""

_TABLES = tuple(DONOR if position == RECIPIENT else position for position in range(SCENARIOS))

_HISTORIES: dict[str, Any] = {"histories": True, "users": 1_000, "items": 500}

WORLDS: dict[str, dict[str, Any]] = {
    "default": {},
    # Nothing depends on the scenario but the base rate.
    "all_transferable": {
        "weights": {"g": 0.0, "s": 0.0, "n": 0.0},
        "groups": (0,) * 7,
    },
    # Nor the base rate.
    "no_scenario_effects": {
        "weights": {"g": 0.0, "s": 0.0, "n": 0.0},
        "groups": (0,) * 7,
        "click_rate": (0.08,) * 7,
        "conversion_rate": (0.1,) * 7,
    },
    # Every scenario has a seventh of the impressions: none is short of data.
    "even_shares": {"shares": (1 / 7,) * 7},
    "disjoint_users": {"omega_user": 4.0},
    # People convert for exactly the reasons they click for.
    "no_task_effects": {"selection": 1.0, "conversion_rate": (0.1,) * 7, "click_rate": (0.08,) * 7},
    # Scenarios have nothing in common.
    "no_shared_effects": {"weights": {"t": 0.0, "g": 0.0, "interaction": 0.0, "cross": 0.0}},
    # What scenarios 2, 4 and 5 would take from the others is the wrong way round.
    "harmful_sharing": {"weights": {"n": 1.2}},
    # Scenario 6, which has .6 % of the impressions and else a group of its own, clicks for the
    # reasons of scenario 2, which has 11 %; scenarios have more of their own than by default.
    "donor": {"tables": _TABLES, "weights": {"s": 1.0}},
    # The same without a donor, as its control.
    "no_donor": {"weights": {"s": 1.0}},
    "selection_0": {"selection": 0.0},
    "selection_9": {"selection": 0.9},
    "selection_9_quarter": {"selection": 0.9, "conversion_scale": 1 / 4},
    "selection_9_sixteenth": {"selection": 0.9, "conversion_scale": 1 / 16},
    "selection_9_unclicked": {"selection": 0.9, "unclicked_conversion": 0.004},
    # What AEM2TL is made for: as many conversions come without a click as after one, for the
    # same reasons, and after a click it is the action that most of them depend on.
    "unclicked_actions": {
        "selection": 0.9,
        "unclicked_conversion": 0.008,
        "unclicked_effects": 0.9,
        "action_effects": 1.2,
        "action_boost": 3.0,
    },
    # What a user clicked before matters; few users and items, so that nearly all have clicks.
    "histories": _HISTORIES,
    # The lists are there and say nothing.
    "idle_histories": {**_HISTORIES, "weights": {"history": 0.0}},
}


def log_config(world: str, seed: int, rows: int) -> SyntheticConfig:
    """Returns the log of a world's kind and a seed: eight days, the last for `eval`.

    Args:
      world: a name of WORLDS.
      seed: of the world and of the draws.
      rows: impressions of the seven days before the last, train and validation together.
    """
    return SyntheticConfig(
        rows=rows * 8 // 7,
        days=8,
        seed=seed,
        world=WorldConfig.model_validate({"seed": seed, **WORLDS[world]}),
    )
