import json
import math

import numpy as np
import pytest
from small_training import LAYOUT, MODEL, TASKS, made_held_rows

from models.config import TrainingConfig
from models.registry import parse_model_config
from models.training.fit import ranker_maker, write_record


class Rows:
    """Train rows that tell how often they were counted."""

    def __init__(self):
        self.counted = 0

    def value_counts(self, fields, scenarios):
        self.counted += 1
        self.scenarios = scenarios
        return {field.column: np.ones(field.size, int) for field in fields}


@pytest.mark.parametrize(("settings", "counted"), [({}, 0), ({"l2_per": "value"}, 1)])
def test_values_are_counted_once_and_only_for_a_model_that_needs_them(settings, counted):
    rows, model = Rows(), parse_model_config({**MODEL, **settings, "embedding_l2": 1.0})
    make = ranker_maker(LAYOUT, TASKS, model, TrainingConfig(), rows, {"click": 0.2})
    first, second = make(), make()
    assert first is not second and rows.counted == counted


@pytest.mark.parametrize(("tables", "scenarios"), [("shared", None), ("scenario", 2)])
def test_values_are_counted_in_every_scenario_for_tables_of_scenarios(tables, scenarios):
    model = {"name": "dnn", "tables": tables, "l2_per": "value", "wide_l2": 1.0}
    rows = Rows()
    ranker_maker(LAYOUT, TASKS, parse_model_config(model), TrainingConfig(), rows, {"click": 0.2})
    assert rows.scenarios == scenarios


def test_the_record_is_the_history_and_what_was_learned(tmp_path):
    rows = made_held_rows(64, 0)
    model, training = parse_model_config(MODEL), TrainingConfig(batch_size=32)
    ranker = ranker_maker(LAYOUT, TASKS, model, training, rows, {"click": 0.2})()
    ranker(next(iter(rows.in_order(32))), training=False)
    write_record(ranker, {"epochs": [{"monitor": math.nan}]}, rows, str(tmp_path / "run"))
    assert sorted(x.name for x in (tmp_path / "run").iterdir()) == ["explain.json", "history.json"]
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert history == {"epochs": [{"monitor": None}]}
