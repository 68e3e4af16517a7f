"""Validation metrics of the outputs' spaces."""

import math

import numpy as np
import pytest

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import target_key, weight_key
from models.training.validation import mean_metric, validation_metrics


def test_metrics_are_taken_inside_the_outputs_space() -> None:
    names = (target_key("buy"), weight_key("buy"))
    floats = np.array([[1, 1], [0, 1], [0, 0], [0, 0]], np.float32)
    rows = InMemorySplit((), np.zeros((4, 0), np.int32), names, floats)
    scores = {"buy": np.array([0.6, 0.4, 0.9, 0.9], np.float32)}
    found = validation_metrics(rows, scores, ["buy"])["buy"]
    assert found["auc"] == 1.0
    assert found["logloss"] == pytest.approx(-math.log(0.6), rel=1e-6)


def test_mean_metric_passes_over_undefined_outputs() -> None:
    metrics = {"a": {"auc": 0.6}, "b": {"auc": math.nan}, "c": {"auc": 0.8}}
    assert mean_metric(metrics, "auc") == pytest.approx(0.7)
    assert math.isnan(mean_metric({"b": {"auc": math.nan}}, "auc"))
