"""Trials of a study of transfer with chosen numbers."""

from __future__ import annotations

from collections.abc import Sequence

from made_trials import result

from cli.compare.transfer.matrix import Matrix, transfer_matrix
from cli.compare.transfer.variants import Variant

SCENARIOS = ("home", "cart", "tiny")
JOINT = Variant("joint", "", SCENARIOS, "joint")


def without(name: str) -> Variant:
    others = tuple(other for other in SCENARIOS if other != name)
    return Variant("without", name, others, f"without-{SCENARIOS.index(name)}")


def alone(name: str) -> Variant:
    return Variant("alone", name, (name,), f"alone-{SCENARIOS.index(name)}")


def matrix(home_alone: Sequence[float], cart_alone: Sequence[float]) -> Matrix:
    """Of three seeds, or as many as there are numbers.

    Home has AUC .70, .71, .72 and loses .02, .01, .01 without cart; cart has .60 always and loses
    -.003, -.004, -.005 without home.

    Args:
      home_alone: AUC of a model of home's rows alone, for each seed.
      cart_alone: the same of cart.
    """
    seeds = range(len(home_alone))
    home, cart = [0.70, 0.71, 0.72], [0.60, 0.60, 0.60]
    worse, better, own = [0.02, 0.01, 0.01], [0.003, 0.004, 0.005], [0.1, 0.101, 0.102]
    trials = {
        JOINT: {s: result("mmoe", s, home[s], cart[s]) for s in seeds},
        without("home"): {
            s: result("mmoe", s, home[s] - own[s], cart[s] + better[s]) for s in seeds
        },
        without("cart"): {
            s: result("mmoe", s, home[s] - worse[s], cart[s] - 2 * own[s]) for s in seeds
        },
        alone("home"): {s: result("mmoe", s, home_alone[s], 0.5) for s in seeds},
        alone("cart"): {s: result("mmoe", s, 0.5, cart_alone[s]) for s in seeds},
    }
    return transfer_matrix(trials, SCENARIOS)
