"""A run's result: how it ended and why, with every number that a caller may want."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from cli.runs.gate_record import references_with_verdicts
from cli.runs.outputs import output_of, read_object
from common.names import RESULT_FORMAT
from components.impression_example_gen.volume import SmallSpan
from data.log.files import LeftOut
from models.metrics.names import CALIBRATION, COMPARED, NEGATIVES, POSITIVES
from pipeline.log_state import LogState
from pipeline.outcome import Outcome
from pipeline.run_record import ComponentRecord, rows_by_fate


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
        examples = output_of(self.components, "ImpressionExampleGen", "examples")
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

    def small_spans(self) -> tuple[SmallSpan, ...]:
        """Returns the newest spans that have few rows for the days before."""
        examples = output_of(self.components, "ImpressionExampleGen", "examples")
        found = read_object(examples, "examples.json").get("small_spans", ())
        return tuple(SmallSpan(**item) for item in found)

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
            "small_spans": [dataclasses.asdict(item) for item in self.small_spans()],
            "left_out": [dataclasses.asdict(item) for item in self.left_out()],
            "metrics": self.metrics(),
            "references": references_with_verdicts(self.references, self.gate),
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
