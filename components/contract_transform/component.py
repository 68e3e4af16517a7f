"""TFX's Transform, which takes the contract from the schema artifact."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec

from common.tfx_compat import Transform
from components.contract_transform.executor import Executor


class ContractTransform(Transform):
    """Hands `custom_config["schema"]`, the contract's text, to the preprocessing function.

    As an exec property the text would be an argument of a process on a cluster, where 128 KB are
    the limit.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
