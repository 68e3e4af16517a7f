"""What a finished trial has measured, as a file that is there as a whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
from typing import Any

import numpy as np

from common.atomic_files import whole_file
from common.errors import PolyrankError
from common.json_files import write_json
from common.names import EVAL, OVERALL, OVERALL_BEFORE_FORMAT_2, RESULT_FORMAT
from models.metrics.cells import CellMetrics
from models.metrics.names import AUC
from models.npz_files import write_npz

_RESULT = "result.json"


@dataclasses.dataclass(frozen=True)
class TrialResult:
    """One model, trained once.

    Attributes:
      model: the architecture's name.
      seed: of initial weights, dropout and shuffling.
      fingerprint: of all that the trial was made from.
      parameters: trainable parameters.
      network_parameters: those outside of the embedding tables and the wide part.
      seconds: wall time of the training, validation and graph building included; None where
        the training was stopped and went on later.
      examples: rows seen in training, every epoch's counted.
      epochs: epochs trained, over all phases.
      best_epoch: the epoch whose weights were kept, from 0.
      monitor: what the training's monitor was in that epoch.
      latency_ms: median milliseconds of scoring 1,000 transformed rows.
      prepared: what the architecture says of its last form; mostly empty.
      metrics: name of the judged rows (`eval`) -> output -> scenario -> metric.
    """

    model: str
    seed: int
    fingerprint: str
    parameters: int
    network_parameters: int
    seconds: float | None
    examples: int
    epochs: int
    best_epoch: int
    monitor: float
    latency_ms: float
    prepared: dict[str, Any]
    metrics: dict[str, CellMetrics]

    def mean_auc(self) -> float:
        """The mean over the outputs of the eval rows' overall AUC; NaN where none has one."""
        aucs = [cells[OVERALL][AUC] for cells in self.metrics[EVAL].values()]
        defined = [auc for auc in aucs if not math.isnan(auc)]
        return sum(defined) / len(defined) if defined else math.nan

    def write(self, folder: pathlib.Path) -> None:
        """Writes `result.json` into `folder`; a kill at any instant leaves none or all of it."""
        write_json(folder / _RESULT, {"format": RESULT_FORMAT, **dataclasses.asdict(self)})


def read_result(folder: pathlib.Path, fingerprint: str | None = None) -> TrialResult | None:
    """Reads `result.json`, or returns None where there is none of that fingerprint.

    Args:
      folder: the trial's.
      fingerprint: what the trial must have been made from; None takes any.

    Raises:
      PolyrankError: a later version of Polyrank wrote it.
    """
    path = folder / _RESULT
    if not path.is_file():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    result_format = values.pop("format", 1)
    if fingerprint is not None and values.get("fingerprint") != fingerprint:
        return None
    if result_format not in range(1, RESULT_FORMAT + 1):
        raise PolyrankError(
            f"{path} is of format {result_format}, and this version of Polyrank reads 1 to "
            f"{RESULT_FORMAT}: use the version that wrote it, or another work folder"
        )
    if values["monitor"] is None:
        values["monitor"] = math.nan
    for outputs in values["metrics"].values():
        for cells in outputs.values():
            if result_format == 1:
                _rename_overall(cells)
            for cell in cells.values():
                cell.update({name: math.nan for name, value in cell.items() if value is None})
    return TrialResult(**values)


def _rename_overall(cells: dict[str, dict[str, float]]) -> None:
    """Gives the overall cell of a result of format 1 today's key, in its place."""
    for name in list(cells):
        cells[OVERALL if name == OVERALL_BEFORE_FORMAT_2 else name] = cells.pop(name)


def scores_path(folder: pathlib.Path, judged: str = EVAL) -> pathlib.Path:
    """The file of a trial's scores of the rows called `judged`."""
    return folder / ("scores.npz" if judged == EVAL else f"scores-{judged}.npz")


def write_scores(path: pathlib.Path, scores: dict[str, np.ndarray]) -> None:
    """Writes output -> float32 [N], whole or not at all."""
    with whole_file(path) as unfinished, pathlib.Path(unfinished).open("wb") as file:
        write_npz(file, {name: values.astype(np.float32) for name, values in scores.items()})


def read_scores(folder: pathlib.Path, judged: str = EVAL) -> dict[str, np.ndarray]:
    """Reads output -> float32 [N], in the order of the judged rows."""
    with np.load(scores_path(folder, judged)) as arrays:
        return {name: arrays[name] for name in arrays.files}
