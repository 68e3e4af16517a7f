"""The optimizer and the rate of PEPNet's tables."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import step_gradients, tensors
from pepnet_formula import made, rows_of

from models.config import TrainingConfig

RATE = 0.1


@pytest.mark.parametrize(
    ("options", "adagrad", "rate"),
    [
        ({}, False, RATE),
        # The paper's.
        ({"table_optimizer": "adagrad", "table_learning_rate": 0.05}, True, 0.05),
        ({"table_optimizer": "adagrad"}, True, RATE),
        ({"table_learning_rate": 0.4}, False, 0.4),
    ],
    ids=["training", "published", "optimizer", "rate"],
)
def test_tables_take_steps_of_their_own(
    options: dict[str, Any], adagrad: bool, rate: float
) -> None:
    ranker = made(**options, training={"optimizer": "sgd", "learning_rate": RATE})
    rows = rows_of(ranker)
    tables = {id(v) for v in ranker.tables}
    variables = ranker.trainable_variables
    before = [v.numpy() for v in variables]
    gradients = [
        tf.convert_to_tensor(g).numpy().astype(np.float64) for g in step_gradients(ranker, rows)
    ]
    ranker.train_step(tensors(rows))
    seen = 0
    for variable, old, gradient in zip(variables, before, gradients, strict=True):
        step = RATE * gradient
        if id(variable) in tables:
            seen += 1
            root = np.sqrt(0.1 + gradient**2 + 1e-7) if adagrad else 1.0
            step = rate * gradient / root
            assert np.any(step != 0), variable.name
        np.testing.assert_allclose(variable, old - step, rtol=0, atol=1e-6, err_msg=variable.name)
    # Four fields, of which one is projected; their wide weights, those of numbers, and the bias.
    assert seen == (4 + 1) + (4 + 1 + 1)


def test_without_settings_of_their_own_there_is_no_group() -> None:
    ranker = made()
    assert ranker.architecture.parameter_groups(TrainingConfig(), ranker.tables) == ()
    assert ranker.group_optimizers == []
