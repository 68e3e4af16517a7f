"""What a comparison trains: models, seeds and one budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from common.settings import SettingsError
from common.strict_yaml import load_yaml
from common.suggestions import nearest
from models import registry
from models.config import ModelConfig, TrainingConfig
from models.trials.trial import whole_budget
from pipeline.config import PipelineConfig


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
      config: the data, the features and the training that all models share.
      models: the settings of every model by its name, in the order given.
      seeds: of the trials of each model.
      baseline: the model that the others are compared with.
    """

    config: PipelineConfig
    models: dict[str, ModelConfig]
    seeds: tuple[int, ...]
    baseline: str

    def training(self, seed: int) -> TrainingConfig:
        """The settings of every model's training with that seed."""
        return whole_budget(self.config.training).model_copy(update={"seed": seed})

    @property
    def trials(self) -> list[tuple[str, int]]:
        """(model, seed) in the order in which they start: every model's first seed first."""
        return [(model, seed) for seed in self.seeds for model in self.models]

    def document(self) -> dict[str, Any]:
        """Plain values that say what was compared."""
        training = self.training(0).model_dump(mode="json", exclude={"seed", "patience"})
        models = {name: model.model_dump(mode="json") for name, model in self.models.items()}
        return {
            "models": models,
            "baseline": self.baseline,
            "seeds": list(self.seeds),
            "training": training,
        }


def make_comparison(
    config: PipelineConfig,
    names: Sequence[str],
    model_overrides: Sequence[str],
    seeds: int,
    baseline: str | None = None,
    epochs: int | None = None,
) -> Comparison:
    """Checks the options and works out each model's settings.

    Of the configuration's `model` section all models take the keys that every architecture
    has (the fields of ModelConfig); the section's other keys are for the architecture that it
    names. `model_overrides` come last.

    Args:
      config: the shared configuration.
      names: the architectures' names, or `package.module:Class`.
      model_overrides: `NAME:KEY=VALUE`, the value in YAML.
      seeds: number of seeds, from the configuration's on.
      baseline: one of `names`; None for the first.
      epochs: replaces `training.max_epochs`.

    Raises:
      SettingsError: an unknown name, key or value.
    """
    if not names:
        raise SettingsError("--models is empty; name architectures, such as mmoe,ple")
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"--models names '{name}' twice; once is enough")
        registry.architecture(name, "--models")
    if baseline is not None and baseline not in names:
        raise SettingsError(
            f"--baseline '{baseline}' is not in --models; {nearest(baseline, names)}"
        )
    if epochs is not None:
        training = config.training.model_copy(update={"max_epochs": epochs})
        config = config.model_copy(update={"training": training})
    given = _overrides(model_overrides, names)
    first = config.training.seed
    return Comparison(
        config=config,
        models={name: _model(config.model, name, given[name]) for name in names},
        seeds=tuple(range(first, first + seeds)),
        baseline=baseline or names[0],
    )


def _overrides(texts: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for text in texts:
        setting, equals, value = text.partition("=")
        # The name of the user's own architecture has a colon too.
        name, colon, key = setting.rpartition(":")
        if not (name and colon and key and equals):
            raise SettingsError(f"--model-set {text}: write NAME:KEY=VALUE, such as mmoe:experts=8")
        if name not in names:
            raise SettingsError(
                f"--model-set {text}: '{name}' is not in --models; {nearest(name, names)}"
            )
        found[name][key] = load_yaml(value, f"--model-set {text}")
    return found


def _model(shared: ModelConfig, name: str, given: dict[str, Any]) -> ModelConfig:
    values = shared.model_dump(mode="json", exclude_unset=True)
    if shared.name != name:
        values = {key: value for key, value in values.items() if key in ModelConfig.model_fields}
    return registry.parse_model_config({**values, **given, "name": name}, f"model '{name}'")
