"""What ML Metadata knows about a run: every component's outcome, seconds, rows and artifacts."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from ml_metadata import errors, metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from common.names import EVAL, SPLITS, TRAIN, VALIDATION
from pipeline.canary_refusals import canary_refusals

_OUTCOMES = {
    mlmd.Execution.COMPLETE: "done",
    mlmd.Execution.CACHED: "cached",
    mlmd.Execution.FAILED: "failed",
}
_DOES = {
    "ModelCanary": ("infra_blessing", "examined", "not examined"),
    "Pusher": ("pushed_model", "pushed", "not pushed"),
    "RegisterPushed": ("registration", "registered", "not registered"),
}
"""Component -> the output and its property that say whether it did anything, and what if not."""
_SPLITS_READ = {
    "ImpressionExampleGen": (*SPLITS, "quarantined", "sampled_away"),
    "StatisticsGen": SPLITS,
    "Transform": (TRAIN,),
    "Trainer": (TRAIN, VALIDATION),
    "ReferenceModels": SPLITS,
    "Evaluator": (EVAL,),
}


@dataclasses.dataclass(frozen=True)
class ComponentRecord:
    """One component of one run.

    Attributes:
      name: the component's id in the DAG.
      outcome: `done`, `cached` or `failed`; `skipped` where it ended well and had nothing to do,
        since the candidate was refused.
      seconds: wall time between its start and end, as ML Metadata has it.
      rows: rows of the log that it went through, or None where it reads none.
      outputs: output key -> the artifact.
      note: what else a reader wants to know of it, in a few words.
    """

    name: str
    outcome: str
    seconds: float
    rows: int | None
    outputs: dict[str, mlmd.Artifact]
    note: str = ""


class RunRecord:
    """Reads the runs of a pipeline from its metadata."""

    def __init__(self, connection: mlmd.ConnectionConfig):
        """Opens the metadata, such as that of `metadata.metadata_connection`.

        A SQLite file need not exist yet.
        """
        self._store = metadata_store.MetadataStore(connection)

    def run_ids(self) -> list[str]:
        """The ids of all runs, oldest first."""
        try:
            contexts = self._store.get_contexts_by_type("pipeline_run")
        except errors.NotFoundError:
            return []
        return [context.name for context in sorted(contexts, key=lambda context: context.id)]

    def made_by(self, code_digest: str) -> bool:
        """Whether any run, however it ended, was one of the source with this digest.

        Args:
          code_digest: as the components' execution properties have it.
        """
        # The newest first: unless the source has changed, the last run answers.
        return any(
            execution.custom_properties["code_digest"].string_value == code_digest
            for run_id in reversed(self.run_ids())
            for execution in self._executions(run_id)
        )

    def canary_refusals(self, fingerprint: str) -> int:
        """How many runs with this fingerprint had a candidate that the canary refused."""
        return canary_refusals(self._store, fingerprint)

    def components(self, run_id: str) -> list[ComponentRecord]:
        """The components of a run that have ended, in the order in which they started."""
        split_rows: dict[str, int] = {}
        records = []
        for execution in sorted(self._executions(run_id), key=lambda execution: execution.id):
            if execution.last_known_state not in _OUTCOMES:
                continue
            name = self._node(execution)
            outputs = self._outputs(execution)
            outcome = _OUTCOMES[execution.last_known_state]
            why_skipped = _why_skipped(name, outputs)
            if name == "ImpressionExampleGen" and "examples" in outputs:
                split_rows = rows_by_fate(outputs["examples"])
            milliseconds = (
                execution.last_update_time_since_epoch - execution.create_time_since_epoch
            )
            records.append(
                ComponentRecord(
                    name=name,
                    outcome="skipped" if why_skipped else outcome,
                    seconds=milliseconds / 1000,
                    rows=_rows(name, outputs, split_rows),
                    outputs=outputs,
                    note=why_skipped or _note(name, outputs, split_rows),
                )
            )
        return records

    def _executions(self, run_id: str) -> list[mlmd.Execution]:
        context = self._store.get_context_by_type_and_name("pipeline_run", run_id)
        return list(self._store.get_executions_by_context(context.id))

    def _node(self, execution: mlmd.Execution) -> str:
        for context in self._store.get_contexts_by_execution(execution.id):
            if context.type == "node":
                return str(context.name).rsplit(".", 1)[-1]
        raise KeyError(f"execution {execution.id} belongs to no node")

    def _outputs(self, execution: mlmd.Execution) -> dict[str, mlmd.Artifact]:
        keys = {
            event.artifact_id: event.path.steps[0].key
            for event in self._store.get_events_by_execution_ids([execution.id])
            if event.type == mlmd.Event.OUTPUT
        }
        artifacts = self._store.get_artifacts_by_id(list(keys))
        return {keys[artifact.id]: artifact for artifact in artifacts}


def rows_by_fate(examples: mlmd.Artifact) -> dict[str, int]:
    """Returns how many rows of the log went where: splits, `quarantined`, `sampled_away`."""
    prefix = "rows_"
    return {
        name[len(prefix) :]: int(value.int_value)
        for name, value in examples.custom_properties.items()
        if name.startswith(prefix)
    }


def _why_skipped(name: str, outputs: dict[str, mlmd.Artifact]) -> str:
    """Says what a component did not do, or nothing."""
    key, done, text = _DOES.get(name, ("", "", ""))
    artifact = outputs.get(key)
    if artifact is None or done not in artifact.custom_properties:
        return ""
    return "" if artifact.custom_properties[done].int_value else text


def _note(name: str, outputs: dict[str, mlmd.Artifact], split_rows: dict[str, int]) -> str:
    notes = (artifact.custom_properties.get("note") for artifact in outputs.values())
    noted = next((str(note.string_value) for note in notes if note is not None), "")
    if name == "ImpressionExampleGen":
        left_out = {"quarantined": "quarantined", "sampled_away": "sampled away"}
        counts = [f"{split_rows[k]:,} {text}" for k, text in left_out.items() if split_rows.get(k)]
        return "; ".join(filter(None, (f"of them {', '.join(counts)}" if counts else "", noted)))
    if name == "Trainer" and "model_run" in outputs:
        history_file = pathlib.Path(outputs["model_run"].uri) / "history.json"
        if history_file.is_file():
            return _trainers_note(json.loads(history_file.read_text(encoding="utf-8")))
    return noted


def _trainers_note(history: dict[str, Any]) -> str:
    epochs, best = history["epochs"], history["best_epoch"]
    notes = [f"best epoch {best + 1} of {len(epochs)}"]
    # JSON has null for what is undefined.
    if epochs[best].get("monitor", 0.0) is None:
        notes.append("the monitor is undefined: no label has validation rows of both classes")
    diverged = history.get("non_finite")
    if diverged:
        notes.append(f"diverged in epoch {diverged['epoch'] + 1}: {diverged['what']}")
    return "; ".join(notes)


def _rows(name: str, outputs: dict[str, mlmd.Artifact], split_rows: dict[str, int]) -> int | None:
    if name in _SPLITS_READ and split_rows:
        return sum(split_rows.get(split, 0) for split in _SPLITS_READ[name])
    for artifact in outputs.values():
        if "rows" in artifact.custom_properties:
            return int(artifact.custom_properties["rows"].int_value)
    return None
