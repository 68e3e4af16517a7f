"""Gates over experts: what they weigh on some rows, and what that says of gates and experts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models.explanation import Axis, Explanation, numbered, scenario_means
from models.layers.gate_use import gate_use, row_use


class Gates(NamedTuple):
    """The weights that gates over E experts give on some rows.

    Attributes:
      weights: each gate's sum to 1, float32 [B, *axes, E].
      axes: of the gates, such as the labels; none for one gate.
      experts: the E experts that a gate is over.
      names: the name of each, str [*axes, E], or of a shape that broadcasts to it. Gates over the
        same expert call it alike.
      private: whether an expert is the row's scenario's own, bool [E].
    """

    weights: tf.Tensor
    axes: tuple[Axis, ...]
    experts: Axis
    names: np.ndarray
    private: np.ndarray


class ExpertUse(NamedTuple):
    """How an expert is used by all gates that are over it.

    Attributes:
      load: its mean weight; NaN of a scenario's own without rows.
      dead: whether it is dead in all of them, see `GateUse.dead`.
    """

    load: float
    dead: bool


def over_shared(weights: tf.Tensor, *axes: Axis, name: str = "expert") -> Gates:
    """Returns gates that are all over the same experts.

    Args:
      weights: float32 [B, *axes, E].
      axes: of the gates.
      name: the experts are called `name_0`, `name_1` ...
    """
    experts = int(weights.shape[-1])
    names = np.array([f"{name}_{number}" for number in range(experts)])
    return Gates(weights, axes, numbered("expert", experts), names, np.zeros(experts, bool))


def explained(
    gates: Mapping[str, Gates], scenario: np.ndarray, scenarios: Axis
) -> dict[str, Explanation]:
    """Says how gates use their experts on some rows.

    For every name NAME of `gates` and its axes A: `NAME` [K, *A, E] are every scenario's mean
    weights, `NAME_entropy` and `NAME_balance` [K, *A] are those of `GateUse`. `expert_load` and
    `dead_experts` (1 or 0) [X] are of all experts; those that are a scenario's own stand there
    once for every scenario.

    Args:
      gates: an architecture's; nothing is said of none.
      scenario: the rows' scenarios, int [B].
      scenarios: K.
    """
    found: dict[str, Explanation] = {}
    if not gates:
        return found
    for name, gate in gates.items():
        rows = row_use(gate.weights).numpy()
        use = gate_use(scenario_means(rows, scenario, len(scenarios.entries)))
        axes = (scenarios, *gate.axes)
        found[name] = Explanation(use.load, (*axes, gate.experts))
        found[f"{name}_entropy"] = Explanation(use.entropy, axes)
        found[f"{name}_balance"] = Explanation(use.balance, axes)
    experts = expert_uses(gates, scenario, scenarios)
    axis = Axis("expert", tuple(experts))
    loads = np.array([use.load for use in experts.values()])
    dead = np.array([float(use.dead) for use in experts.values()])
    return {
        **found,
        "expert_load": Explanation(loads, (axis,)),
        "dead_experts": Explanation(dead, (axis,)),
    }


def logged(gates: Mapping[str, Gates], scenario: np.ndarray, scenarios: Axis) -> dict[str, Any]:
    """Returns the same of the history's record of an epoch, as plain values.

    `expert_load` {expert: load}, `gate_entropy` {`NAME/click`: mean over all rows} and
    `dead_experts`, their names; nothing where there are no gates.

    Args:
      gates: an architecture's.
      scenario: the rows' scenarios, int [B].
      scenarios: K.
    """
    if not gates:
        return {}
    experts = expert_uses(gates, scenario, scenarios)
    entropies: dict[str, float] = {}
    for name, gate in gates.items():
        entropy = gate_use(row_use(gate.weights).numpy().astype(np.float64).mean(0)).entropy
        for place in np.ndindex(entropy.shape):
            words = [axis.entries[i] for axis, i in zip(gate.axes, place, strict=True)]
            entropies["/".join([name, *words])] = float(entropy[place])
    return {
        "expert_load": {name: use.load for name, use in experts.items() if use.load == use.load},
        "gate_entropy": entropies,
        "dead_experts": [name for name, use in experts.items() if use.dead],
    }


def expert_uses(
    gates: Mapping[str, Gates], scenario: np.ndarray, scenarios: Axis
) -> dict[str, ExpertUse]:
    """Returns the use of every expert: name -> use; `SCENARIO/name` of a scenario's own.

    Args:
      gates: an architecture's.
      scenario: the rows' scenarios, int [B].
      scenarios: K.
    """
    loads: dict[str, list[float]] = {}
    dead: dict[str, bool] = {}

    def add(rows: np.ndarray, names: np.ndarray, seen: np.ndarray) -> None:
        with np.errstate(invalid="ignore"):
            use = gate_use(rows.sum(0) / np.float64(len(rows)))
        for place in zip(*np.nonzero(seen), strict=True):
            name = str(names[place])
            loads.setdefault(name, []).append(float(use.load[place]))
            dead[name] = dead.get(name, True) and bool(use.dead[place])

    for gate in gates.values():
        rows = row_use(gate.weights).numpy().astype(np.float64)
        shape = (*rows.shape[1:-1], len(gate.experts.entries))
        names = np.broadcast_to(gate.names, shape)
        private = np.broadcast_to(gate.private, shape)
        add(rows, names, ~private)
        if not gate.private.any():
            continue
        for number, owner in enumerate(scenarios.entries):
            own = np.char.add(f"{owner}/", names)
            add(rows[scenario == number], own, private)
    return {name: ExpertUse(float(np.mean(loads[name])), dead[name]) for name in loads}
