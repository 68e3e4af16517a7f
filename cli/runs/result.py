"""A run's result: how it ended and why, with every number that a caller may want."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import traceback
from collections.abc import Iterable
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd

from common.errors import PolyrankError
from common.names import RESULT_FORMAT
from data.log.files import LeftOut
from models.metrics.names import CALIBRATION, COMPARED, NEGATIVES, POSITIVES
from pipeline.log_state import LogState
from pipeline.outcome import Outcome
from pipeline.run_record import ComponentRecord, RunRecord, rows_by_fate


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What `polyrank run` shows, and prints with `--json`.

    Attributes:
      outcome: how the run ended.
      reason: one sentence.
      model: the candidate's architecture.
      version: the version that is live for this run's data, or None where none was pushed.
      run_directory: holds `run.log` and `result.json`.
      gate: the gate's record (`gate.json`), empty where the run did not get there.
      canary: the canary's record (`canary.json`), empty as `gate` is.
      references: metrics of the simple models, empty where the run did not get there.
      components: one record each, in the order in which they started.
      log: what was found in the data folder, or None where the run did not get there.
      trace: the stack trace of the exception that ended the run, else empty.
    """

    outcome: Outcome
    reason: str
    model: str
    run_directory: pathlib.Path
    version: str | None = None
    gate: dict[str, Any] = dataclasses.field(default_factory=dict)
    canary: dict[str, Any] = dataclasses.field(default_factory=dict)
    references: dict[str, Any] = dataclasses.field(default_factory=dict)
    components: tuple[ComponentRecord, ...] = ()
    log: LogState | None = None
    trace: str = ""

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Returns `metrics[output][scenario or OVERALL]` of the candidate."""
        names = (*COMPARED, CALIBRATION, POSITIVES, NEGATIVES)
        metrics: dict[str, dict[str, Any]] = {}
        for cell in self.gate.get("cells", ()):
            by_slice = metrics.setdefault(cell["output"], {})
            values = {name: cell["candidate"][name] for name in names}
            counts = {name: int(values[name]) for name in (POSITIVES, NEGATIVES)}
            by_slice[cell["scenario"]] = {**values, **counts}
        return metrics

    def rows(self) -> dict[str, int]:
        """Returns how many rows of the log went where; empty where the run did not get there."""
        examples = _output(self.components, "ImpressionExampleGen", "examples")
        return {} if examples is None else rows_by_fate(examples)

    @property
    def cached_log(self) -> bool:
        """True where an earlier run has read the log."""
        return any(
            (component.name, component.outcome) == ("ImpressionExampleGen", "cached")
            for component in self.components
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Returns the files and folders of the log that were not read."""
        return () if self.log is None else self.log.left_out

    def window(self) -> dict[str, Any]:
        """Returns the run's dates and the newer spans; empty where the run did not get there."""
        if self.log is None:
            return {}
        found = self.log.found
        return {
            **dataclasses.asdict(found.window),
            "passed_over": [dataclasses.asdict(item) for item in found.passed_over],
        }

    def document(self) -> dict[str, Any]:
        """Returns the JSON object; plain values only."""
        return {
            "format": RESULT_FORMAT,
            "status": self.outcome.status,
            "exit_code": self.outcome.value,
            "reason": self.reason,
            "model": self.model,
            "version": self.version,
            "run_directory": str(self.run_directory),
            "window": self.window(),
            "rows": self.rows(),
            "left_out": [dataclasses.asdict(item) for item in self.left_out()],
            "metrics": self.metrics(),
            "references": self.references,
            "gate": self.gate,
            "canary": self.canary,
            "components": [
                {
                    "name": component.name,
                    "outcome": component.outcome,
                    "seconds": component.seconds,
                    "rows": component.rows,
                    "note": component.note,
                }
                for component in self.components
            ],
        }


def _output(components: Iterable[ComponentRecord], name: str, key: str) -> mlmd.Artifact | None:
    for component in components:
        if component.name == name:
            return component.outputs.get(key)
    return None


def _read(artifact: mlmd.Artifact | None, file_name: str) -> dict[str, Any]:
    if artifact is None:
        return {}
    path = pathlib.Path(artifact.uri) / file_name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _pushed_version(pushed: mlmd.Artifact | None) -> str | None:
    if pushed is None or not pushed.custom_properties["pushed"].int_value:
        return None
    return str(pushed.custom_properties["pushed_version"].string_value)


def _is_there(pushed: mlmd.Artifact) -> bool:
    return pathlib.Path(pushed.custom_properties["pushed_destination"].string_value).is_dir()


def _passed(gate: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in gate["counts"].items() if count)
    baseline = gate["baseline"]["version"]
    return f"gate: {counts}; baseline: {f'version {baseline}' if baseline else 'none'}"


def collect(record: RunRecord, model: str, run_directory: pathlib.Path) -> RunResult:
    """Reads the result of the newest run, every component of which has ended well."""
    components = record.components(record.run_ids()[-1])
    gate = _read(_output(components, "PromotionGate", "gate"), "gate.json")
    canary = _read(_output(components, "ModelCanary", "infra_blessing"), "canary.json")
    pushed = _output(components, "Pusher", "pushed_model")
    version = _pushed_version(pushed)
    if not gate["blessed"]:
        outcome, reason = Outcome.REFUSED_BY_GATE, " ".join(gate["reasons"])
    elif not canary["blessed"]:
        outcome, reason = Outcome.CANARY_FAILED, " ".join(canary["reasons"])
    elif version and pushed and not _is_there(pushed):
        outcome = Outcome.ERROR
        reason = (
            f"version {version} was pushed by an unchanged earlier run, and its folder is gone; "
            "restore it, or run with another --work-dir"
        )
    elif version is None:
        outcome, reason = Outcome.ERROR, "the Pusher pushed nothing though both gates agreed"
    else:
        outcome, reason = Outcome.PUSHED, _passed(gate)
    return RunResult(
        outcome=outcome,
        reason=reason,
        model=model,
        run_directory=run_directory,
        version=version,
        gate=gate,
        canary=canary,
        references=_read(_output(components, "ReferenceModels", "references"), "references.json"),
        components=tuple(components),
    )


def failed(
    error: Exception,
    record: RunRecord,
    runs_before: int,
    model: str,
    run_directory: pathlib.Path,
) -> RunResult:
    """Describes a run that an exception ended.

    Args:
      error: the exception.
      record: of the pipeline's runs.
      runs_before: how many runs the record held before this one.
      model: the candidate's architecture.
      run_directory: holds the log with the stack trace.
    """
    run_ids = record.run_ids()
    components = record.components(run_ids[-1]) if len(run_ids) > runs_before else []
    place = next((f"{c.name}: " for c in components if c.outcome == "failed"), "")
    kind = "" if isinstance(error, PolyrankError) else f"{type(error).__name__}: "
    return RunResult(
        outcome=Outcome.of(error),
        reason=f"{place}{kind}{error}",
        model=model,
        run_directory=run_directory,
        components=tuple(components),
        trace="".join(traceback.format_exception(error)),
    )
