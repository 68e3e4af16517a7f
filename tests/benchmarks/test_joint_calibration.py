"""Calibrations against true probabilities, and the rows that they are measured on."""

import numpy as np
import pytest

from benchmarks.joint_calibration import POSITION, TRUE, UNCLICKED, VARIANTS, calibrations
from benchmarks.synthetic_rows import made_rows, truth_at_position
from data.synthetic.columns import contract
from data.synthetic.config import WorldConfig
from models import registry
from models.features.inputs import SCENARIO_KEY, target_key, weight_key


def test_every_architecture_is_measured_as_it_is() -> None:
    assert set(registry.names()) <= set(VARIANTS)
    for label, values in VARIANTS.items():
        assert registry.parse_model_config(values).name == values["name"], label
    assert list(TRUE) == [output.name for output in contract().tasks.outputs]


def test_calibrations_by_hand() -> None:
    truth = {
        "true_ctr": np.array([0.2, 0.6]),
        "true_ctavr": np.array([0.1, 0.3]),
        "true_ctcvr": np.array([0.02, 0.18]),
        "true_xcvr": np.array([0.03, 0.19]),
    }
    scores = {
        "click": np.array([0.4, 0.4]),
        "action_given_click": np.array([0.5, 1.0]),
        "click_and_action": np.array([0.1, 0.1]),
        # On a clicked row 0.1 and 0.3: as often as it is clicked, a row counts.
        "conversion_given_click": np.array([0.4, 0.2]),
        "click_and_conversion": np.array([0.16, 0.08]),
        "conversion": np.array([0.33, 0.0]),
    }
    assert calibrations(scores, truth) == pytest.approx(
        {
            "click": 1.0,
            "action_given_click": 0.7 / 0.4,
            "click_and_action": 0.5,
            "conversion_given_click": (0.2 * 0.4 + 0.6 * 0.2) / 0.2,
            "click_and_conversion": 1.2,
            "conversion": 1.5,
        }
    )


def test_the_truth_is_calibrated_and_half_of_the_conversions_have_no_click() -> None:
    world = WorldConfig(seed=1, users=500, items=200, unclicked_conversion=UNCLICKED)
    data, truth = made_rows(world, 1, 20_000, 40_000)
    assert (len(data.train), len(data.validation), len(data.eval)) == (17_500, 2_500, 40_000)
    scores = {
        output: truth[target] / (1.0 if space is None else truth[space])
        for output, (target, space) in TRUE.items()
    }
    assert calibrations(scores, truth) == pytest.approx(dict.fromkeys(TRUE, 1.0))
    assert 0.4 < truth["true_ctcvr"].sum() / truth["true_xcvr"].sum() < 0.6
    # The labels are those of the truth.
    for output, (target, space) in TRUE.items():
        weight = data.eval.column(weight_key(output))
        happened = (weight * data.eval.column(target_key(output))).sum() / weight.sum()
        mean = truth[target].sum() / (len(weight) if space is None else truth[space].sum())
        assert happened == pytest.approx(mean, rel=0.15), output


def test_indices_stay_below_the_sizes_of_their_fields() -> None:
    data, _ = made_rows(WorldConfig(seed=1, users=500, items=200), 1, 4_000, 4_000)
    assert [x.column for x in data.layout.fields] == [
        x.name for x in contract().features if x.name not in data.layout.numeric
    ]
    for split in (data.train, data.validation, data.eval):
        assert set(split.column(SCENARIO_KEY)) <= set(range(len(data.layout.scenarios)))
        for field in data.layout.fields:
            values = split.column(field.key)
            assert 0 <= values.min() <= values.max() < field.size, field


def test_one_position_changes_the_truth_only_where_positions_matter() -> None:
    assert contract().column("position").tags.train_only_default == str(POSITION)
    small = {"seed": 1, "users": 500, "items": 200}
    indifferent = WorldConfig.model_validate({**small, "weights": {"position": 0.0}})
    found = truth_at_position(indifferent, 1, 500, POSITION)
    assert found == pytest.approx(dict.fromkeys(found, 1.0))
    first = truth_at_position(WorldConfig(**small), 1, 500, 0)
    assert first["true_ctr"] > 1.5
