"""How often the canary has refused the candidate of a run, from ML Metadata."""

from __future__ import annotations

from ml_metadata import errors, metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.baseline.component import Baseline
from components.model_canary.component import ModelCanary

# As TFX names a component's type.
_BASELINE, _CANARY = (f"{x.__module__}.{x.__name__}" for x in (Baseline, ModelCanary))


def canary_refusals(store: metadata_store.MetadataStore, fingerprint: str) -> int:
    """Counts the runs with a fingerprint whose candidate was examined and refused.

    A refusal is a successful execution, which TFX's cache would repeat. With this count as its
    state token, ModelCanary works again after a refusal and after nothing else: a candidate that
    passed is not pushed twice. A refusal that was taken from the cache counts too.

    Args:
      store: of the runs.
      fingerprint: `RunState.fingerprint`, which a run's Baseline has as an exec property.
    """
    runs = {
        context.id
        for execution in _executions(store, _BASELINE)
        if execution.custom_properties["run_fingerprint"].string_value == fingerprint
        for context in store.get_contexts_by_execution(execution.id)
        if context.type == "pipeline_run"
    }
    return sum(_refused(store, run) for run in runs)


def _executions(store: metadata_store.MetadataStore, kind: str) -> list[mlmd.Execution]:
    try:
        return list(store.get_executions_by_type(kind))
    except errors.NotFoundError:
        return []


def _refused(store: metadata_store.MetadataStore, run: int) -> bool:
    executions = [
        execution.id
        for execution in store.get_executions_by_context(run)
        if execution.type == _CANARY
    ]
    outputs = [
        event.artifact_id
        for event in (store.get_events_by_execution_ids(executions) if executions else ())
        if event.type == mlmd.Event.OUTPUT
    ]
    return any(
        artifact.custom_properties["examined"].int_value
        and not artifact.custom_properties["blessed"].int_value
        for artifact in store.get_artifacts_by_id(outputs)
    )
