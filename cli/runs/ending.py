"""How a run has ended: read from its record, or from the exception that stopped it."""

from __future__ import annotations

import pathlib
import traceback

from ml_metadata.proto import metadata_store_pb2 as mlmd

from cli.runs.error_text import error_text
from cli.runs.gate_record import passed
from cli.runs.outputs import output_of, read_object
from cli.runs.result import RunResult
from pipeline.outcome import Outcome
from pipeline.run_record import RunRecord


def _pushed_version(pushed: mlmd.Artifact | None) -> str | None:
    if pushed is None or not pushed.custom_properties["pushed"].int_value:
        return None
    return str(pushed.custom_properties["pushed_version"].string_value)


def _is_there(pushed: mlmd.Artifact) -> bool:
    return pathlib.Path(pushed.custom_properties["pushed_destination"].string_value).is_dir()


def collect(record: RunRecord, model: str, run_directory: pathlib.Path) -> RunResult:
    """Reads the result of the newest run, every component of which has ended well."""
    components = record.components(record.run_ids()[-1])
    gate = read_object(output_of(components, "PromotionGate", "gate"), "gate.json")
    canary = read_object(output_of(components, "ModelCanary", "infra_blessing"), "canary.json")
    pushed = output_of(components, "Pusher", "pushed_model")
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
        outcome, reason = Outcome.PUSHED, passed(gate)
    return RunResult(
        outcome=outcome,
        reason=reason,
        model=model,
        run_directory=run_directory,
        version=version,
        gate=gate,
        canary=canary,
        references=read_object(
            output_of(components, "ReferenceModels", "references"), "references.json"
        ),
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
    return RunResult(
        outcome=Outcome.of(error),
        reason=f"{place}{error_text(error, model)}",
        model=model,
        run_directory=run_directory,
        components=tuple(components),
        trace="".join(traceback.format_exception(error)),
    )
