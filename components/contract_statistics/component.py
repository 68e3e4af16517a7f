"""TFX's StatisticsGen, of the columns that the contract has."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec

from common.tfx_compat import StatisticsGen
from components.contract_statistics.executor import Executor


class ContractStatisticsGen(StatisticsGen):
    """Computes no statistics of what sampling adds, which no schema knows.

    The list of columns comes from the schema artifact. As an exec property it would be an argument
    of a process on a cluster, where 128 KB are the limit.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
