"""TAML in half precision, on five branches and with lists."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, five_branch_graph, layout, make_ranker, randomise, tensors
from made_lists import with_lists
from made_taml import SIZES

from models.ranker import Ranker

TASKS, INPUTS, ROWS = five_branch_graph(), with_lists(layout()), 48
MODEL: dict[str, Any] = {**SIZES, "fusion": "gated", "towers": "scenario_task"}


def made(**training: Any) -> Ranker:
    ranker = make_ranker(MODEL, inputs=INPUTS, tasks=TASKS, **training)
    randomise(ranker, scale=0.2)
    return ranker


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_and_keeps_its_variables(precision: str) -> None:
    rows = tensors(batch(ROWS, INPUTS, TASKS))
    plain, mixed = made(), made(precision=precision)
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    for output, wanted in plain(rows).items():
        found = mixed(rows)[output]
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, wanted, atol=0.05)
    losses = [float(mixed.train_step(rows)["loss"]) for _ in range(3)]
    assert np.all(np.isfinite(losses))
    assert not np.any(mixed.explain(rows)["dead_experts"].values)
