"""What a matrix of transfer says to do, in words."""

from __future__ import annotations

from collections.abc import Sequence

from cli.compare.summary import FEWEST, MEAN
from cli.compare.transfer.matrix import Gain, Matrix

_NAMED = 3
"""So many of the scenarios that one gains from or loses by are named."""


def conclusion(matrix: Matrix) -> str:
    """One sentence for all scenarios."""
    if len(matrix.seeds) == 1:
        return (
            "One seed: a difference may be chance; repeat it with --seeds 3 or more "
            "before you act on it."
        )
    alone = {name: matrix.gain(MEAN, name, "") for name in matrix.scenarios}
    known = {name: gain for name, gain in alone.items() if gain is not None and gain.tested}
    gain = [name for name, found in known.items() if found.sign > 0]
    lose = [name for name, found in known.items() if found.sign < 0]
    of = f"of {len(known)} scenarios with enough rows"
    if lose:
        others = f", {_listed(gain)} gain" if len(gain) > 1 else ""
        others = f", {gain[0]} gains" if len(gain) == 1 else others
        verb = "loses" if len(lose) == 1 else "lose"
        return (
            f"One model for all has a price: {_listed(lose)} {verb} by it{others} ({of}). Give "
            "scenarios more parts of their own (`mmoe` or `ple` with gates of a scenario and task, "
            "`csii`, `autoifs`), or train those that lose on their own rows."
        )
    if gain:
        verb = "gains" if len(gain) == 1 else "gain"
        return (
            f"Train one model for all scenarios: {_listed(gain)} {verb} by it, and none is "
            f"proved to lose ({of})."
        )
    return (
        f"No scenario is proved to gain or to lose by training together ({of}): one model for all "
        "is the simpler choice, and more seeds or more eval rows may show a difference."
    )


def advice(matrix: Matrix) -> dict[str, str]:
    """Returns scenario -> what to do about it, by the means over its outputs."""
    return {name: " ".join(_sentences(matrix, name)) for name in matrix.scenarios}


def _sentences(matrix: Matrix, name: str) -> list[str]:
    alone, others = matrix.gain(MEAN, name, ""), matrix.of(MEAN, name)
    if not any(gain.tested for gain in (alone, *others) if gain is not None):
        return [
            f"No output has {FEWEST} positives and {FEWEST} negatives among its eval rows: "
            "nothing can be said."
        ]
    found = [_alone(alone)]
    helping = sorted((x for x in others if x.sign > 0), key=lambda x: -x.interval.mean)
    harming = sorted((x for x in others if x.sign < 0), key=lambda x: x.interval.mean)
    if helping:
        found.append(f"It gains from the rows of {_with_amounts(helping)}.")
    if harming:
        found.append(f"It loses by the rows of {_with_amounts(harming)}: try it without them.")
    if not helping and not harming and len(matrix.seeds) > 1:
        found.append("No single scenario's rows make a proved difference to it.")
    return found


def _alone(gain: Gain | None) -> str:
    if gain is None:
        return "It has no rows of its own to train and validate on: it lives by the others'."
    amount = amount_text(gain)
    if gain.interval.seeds < 2:
        return f"With all rows its AUC differs by {amount} from that with its own rows alone."
    if gain.sign > 0:
        return f"Train it together with the others: its AUC is higher by {amount}."
    if gain.sign < 0:
        return f"It is better off alone: together its AUC differs by {amount}."
    return f"Together or alone makes no proved difference ({amount})."


def amount_text(gain: Gain) -> str:
    """Writes `+0.0123 ± 0.0020`, or the mean alone of one seed."""
    interval = gain.interval
    half = "" if interval.half != interval.half else f" ± {interval.half:.4f}"
    return "-" if interval.mean != interval.mean else f"{interval.mean:+.4f}{half}"


def _with_amounts(gains: Sequence[Gain]) -> str:
    named = [f"{gain.source} ({amount_text(gain)})" for gain in gains[:_NAMED]]
    left = len(gains) - len(named)
    return _listed([*named, f"{left} more"] if left else named)


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
