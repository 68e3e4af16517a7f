import pytest

from common.settings import SettingsError, parse
from models import registry
from models.architecture import Architecture
from models.config import ModelConfig, TrainingConfig
from models.zoo.multi_task.mmoe import MMoE, MMoEConfig


def test_the_name_chooses_the_class_of_the_config() -> None:
    config = registry.parse_model_config({"name": "mmoe", "expert_units": [8, 4]})
    assert isinstance(config, MMoEConfig)
    assert config.expert_units == (8, 4)
    assert registry.architecture("mmoe") is MMoE
    assert registry.parse_model_config(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "mmeo"}, "run.yaml: unknown architecture 'mmeo'; did you mean 'mmoe'"),
        ({"name": "mmoe", "expert": 3}, "run.yaml: unknown key 'expert'; did you mean 'experts'"),
        ({"name": "mmoe", "experts": 0}, "run.yaml: 'experts' is 0"),
        ({"name": "mmoe", "dropout": 1.0}, "run.yaml: 'dropout' is 1.0"),
        ({"experts": 3}, "run.yaml: 'name' is missing; write one of .*mmoe.*shared_bottom"),
    ],
)
def test_wrong_values_are_refused_with_the_fix(values: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        registry.parse_model_config(values, "run.yaml")


def test_one_name_has_one_class() -> None:
    class Other(Architecture):
        """Not MMoE."""

    with pytest.raises(ValueError, match="'mmoe' is MMoE already"):
        registry.register("mmoe", ModelConfig)(Other)


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rate": 0},
        {"batch_size": 0},
        {"optimizer": "adamm"},
        {"precision": "float16"},
        {"seed": -1},
        {"loss_weights": {"click": -1.0}},
        {"learning_rate": float("inf")},
    ],
)
def test_training_values_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        parse(TrainingConfig, values)
