"""Layouts, task graphs and random batches in the form that models read."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf
from made_lists import list_inputs

from models import registry
from models.config import TrainingConfig
from models.features.inputs import (
    SCENARIO_KEY,
    Field,
    InputLayout,
    target_key,
    value_key,
    weight_key,
)
from models.ranker import Ranker
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

CHAIN = ("click", "action", "conversion")


def task_graph(labels: int) -> TaskGraph:
    """The first labels of impression -> click -> action -> conversion."""
    parents = (None, *CHAIN)
    return sorted_by_parents(
        [Label(name, f"is_{name}", parents[i], i > 0) for i, name in enumerate(CHAIN[:labels])]
    )


FIVE_BRANCHES = (
    "click",
    "action_given_click",
    "conversion_given_click_without_action",
    "conversion_given_click_with_action",
    "conversion_without_click",
)
"""The branches of `five_branch_graph` in an entire-space model."""


def five_branch_graph() -> TaskGraph:
    """AEM2TL's graph: conversions that follow an action, a click alone, or no click."""
    return sorted_by_parents(
        [
            Label("click", "is_click"),
            Label("action", "acted", "click", True),
            Label("conversion", "converted", "click", False, ("click", "action")),
        ]
    )


def layout(scenarios: int = 3) -> InputLayout:
    """Four fields, of which one is a prior and one has another width, and two numbers."""
    fields = (
        Field("user", 600, side="user", prior=True),
        Field("item", 40, dim=6, side="item"),
        Field("hour", 24, side="context"),
        Field("scenario", scenarios),
    )
    return InputLayout(fields, ("price", "age"), tuple(f"s{k}" for k in range(scenarios)))


def with_domain(inputs: InputLayout) -> InputLayout:
    """Marks the field `scenario` as one of the domain."""
    *others, scenario = inputs.fields
    domain = dataclasses.replace(scenario, prior=True, prior_role="scenario")
    return dataclasses.replace(inputs, fields=(*others, domain))


def batch(rows: int, inputs: InputLayout, tasks: TaskGraph, seed: int = 0) -> dict[str, np.ndarray]:
    """Random rows whose labels keep to the task graph and whose row weights vary."""
    random = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {
        field.key: random.integers(0, field.size, rows) for field in inputs.fields
    }
    found[inputs.fields[0].key] = random.permutation(inputs.fields[0].size)[:rows]
    found[SCENARIO_KEY] = found[inputs.fields[-1].key]
    for name in inputs.numeric:
        found[value_key(name)] = random.normal(size=rows).astype(np.float32)
    row_weight = random.uniform(0.5, 1.5, rows).astype(np.float32)
    labels: dict[str, np.ndarray] = {}
    for label in tasks.labels:
        labels[label.name] = random.integers(0, 2, rows).astype(np.float32)
        if label.parent is not None and label.constrained:
            labels[label.name] *= labels[label.parent]
    for output in tasks.outputs:
        found[target_key(output.name)] = np.prod([labels[x] for x in output.target], axis=0)
        space = [labels[x] for x in output.space]
        found[weight_key(output.name)] = np.prod([row_weight, *space], axis=0)
    return found | list_inputs(rows, inputs, seed)


def taken(rows: dict[str, np.ndarray], index: Any) -> dict[str, np.ndarray]:
    """The rows of a batch that `index` selects."""
    return {key: value[index] for key, value in rows.items()}


def tensors(rows: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {key: tf.constant(value) for key, value in rows.items()}


def make_ranker(
    model: dict[str, Any],
    *,
    inputs: InputLayout | None = None,
    tasks: TaskGraph | None = None,
    base_rates: dict[str, float] | None = None,
    **training: Any,
) -> Ranker:
    return Ranker(
        inputs or layout(),
        tasks or task_graph(2),
        registry.parse_model_config(model),
        TrainingConfig(**training),
        base_rates,
    )


def weight(model: Any, suffix: str) -> Any:
    """The one variable whose name ends in `suffix`."""
    found = [v for v in model.weights if v.name.endswith(f"{suffix}:0")]
    assert len(found) == 1, (suffix, [v.name for v in model.weights])
    return found[0]


def step_gradients(model: Ranker, rows: dict[str, np.ndarray]) -> list[Any]:
    """Gradients of a step on these rows, by trainable variable."""
    count = tf.constant(float(len(rows[SCENARIO_KEY])))
    return model.training_step.gradients(tensors(rows), count).gradients


def randomise(model: Any, seed: int = 7, scale: float = 0.3) -> None:
    """Gives every variable, biases and zero weights too, values that matter.

    With a smaller scale the logits of a wide model stay where a sigmoid has a gradient.
    """
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(random.normal(scale=scale, size=variable.shape))
