"""The ModelSettings component."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel_utils, component_spec, standard_artifacts

from components.model_settings.executor import Executor


class ModelSettingsSpec(component_spec.ComponentSpec):
    """Parameters and output of ModelSettings."""

    PARAMETERS = {
        "model": component_spec.ExecutionParameter(type=str),
        "max_epochs": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}
    OUTPUTS = {
        "hyperparameters": component_spec.ChannelParameter(type=standard_artifacts.HyperParameters)
    }


class ModelSettings(base_component.BaseComponent):
    """Checks the model that a run is given, and hands it on as stock HyperParameters.

    The Trainer's `custom_config` is one text for everything, which a cluster can fill in as a
    whole or not at all; and a wrong model is refused here before hours of work on the data.
    """

    SPEC_CLASS = ModelSettingsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, model: Any, max_epochs: int, code_digest: str):
        """Makes the component.

        Args:
          model: JSON text of the architecture's name and hyper-parameters, or the
            RuntimeParameter that will hold it.
          max_epochs: of the training, which the model's phases must fit into.
          code_digest: digest of our source, so that the cache sees changed code.
        """
        super().__init__(
            ModelSettingsSpec(
                model=model,
                max_epochs=max_epochs,
                code_digest=code_digest,
                hyperparameters=channel_utils.as_channel([standard_artifacts.HyperParameters()]),
            )
        )
