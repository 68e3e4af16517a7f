"""The rows of trials, from the examples and the transform graph of a pipeline run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from common.names import EVAL, TRAIN, VALIDATION
from models.datasets.in_memory import READ_BATCH, InMemorySplit, files_of, hold, serialized_rows
from models.features.layout import build_input_layout
from models.features.parsing import DTYPES
from models.features.preprocessing import MISSING
from models.features.user_numbers import user_numbers
from models.trials.data import TrialData
from schemas.column import Column
from schemas.contract import Contract


def read_trial_data(
    contract: Contract, transform_output: Any, patterns: Mapping[str, str]
) -> TrialData:
    """Transforms and holds the splits.

    Args:
      contract: the data contract.
      transform_output: the TFTransformOutput.
      patterns: `train`, `validation` and `eval` -> pattern of gzip TFRecord files.

    Raises:
      BadDataError: a split has no file or no row.
    """
    transform = transform_output.transform_features_layer()
    files = {split: files_of([pattern]) for split, pattern in patterns.items()}

    def held(split: str) -> InMemorySplit:
        rows = hold(contract, transform, files[split], serving=split != TRAIN)
        assert rows is not None  # hold() without a limit.
        return rows

    return TrialData(
        layout=build_input_layout(contract, transform_output),
        tasks=contract.tasks,
        train=held(TRAIN),
        validation=held(VALIDATION),
        eval=held(EVAL),
        groups={EVAL: user_groups(contract.user_id, files[EVAL])} if contract.user_id else {},
        by_scenario=bool(contract.measured_scenarios),
    )


def user_groups(column: Column, files: list[str]) -> np.ndarray:
    """Numbers the users of a split's rows, int64 [N], in the order in which `hold` reads them.

    They are the users as logged: a field's index would make one of all users that are rare. A row
    without one has NO_USER.
    """
    missing = MISSING[column.type]
    spec = {column.name: tf.io.FixedLenFeature([], DTYPES[column.type], missing)}
    batches = serialized_rows(files).batch(READ_BATCH)
    users = [
        tf.io.parse_example(batch, spec)[column.name].numpy()
        for batch in batches.prefetch(tf.data.AUTOTUNE)
    ]
    return user_numbers(column.type, np.concatenate(users))
