"""The rows and the model of the tests of trials."""

import numpy as np
import pytest
from small_training import LAYOUT, MODEL, TASKS, made_held_rows

from models.config import ModelConfig, TrainingConfig
from models.features.inputs import index_key
from models.registry import parse_model_config
from models.trials.data import TrialData


@pytest.fixture(scope="session")
def data() -> TrialData:
    judged = made_held_rows(500, seed=3)
    users = judged.column(index_key("user")).astype(np.int32)
    more = {"more": made_held_rows(90, seed=4)}
    train, validation = made_held_rows(650, seed=1), made_held_rows(300, seed=2)
    return TrialData(LAYOUT, TASKS, train, validation, judged, {"eval": users}, more)


@pytest.fixture(scope="session")
def model() -> ModelConfig:
    return parse_model_config(MODEL)


@pytest.fixture(scope="session")
def training() -> TrainingConfig:
    return TrainingConfig(batch_size=64, max_epochs=3, patience=1, learning_rate=0.01)
