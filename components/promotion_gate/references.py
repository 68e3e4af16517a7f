"""Whether the candidate ranks better than simple models, on the rows that both scored."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from common.names import OVERALL
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.drops import ONE_SIDED
from models.metrics.difference import Difference
from models.metrics.names import AUC, NEGATIVES, POSITIVES, SMALLER_IS_BETTER
from models.metrics.significance import holm

Verdict = Literal["better", "worse", "undecided"]
_Key = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class ReferenceVerdict:
    """The candidate against one reference model on one output.

    Attributes:
      output: the output's name.
      model: the reference model's.
      verdict: `worse` or `better` where that is proved, else `undecided`.
      sentence: the numbers that decided, in words.
      metrics: the reference's, on the compared rows.
      gains: metric -> what the candidate is better by.
    """

    output: str
    model: str
    verdict: Verdict
    sentence: str
    metrics: Mapping[str, float]
    gains: Mapping[str, Difference]

    @property
    def reason(self) -> str:
        """The verdict and its sentence, as they stand among the gate's reasons."""
        title = self.model.replace("_", " ")
        return f"{self.output}/{OVERALL}: {self.verdict} than {title}: {self.sentence}."

    def as_json(self) -> dict[str, Any]:
        """Returns plain values; a gain is positive where the candidate is better."""
        return {
            **self.metrics,
            "gain": {metric: gain.value for metric, gain in self.gains.items()},
            "intervals": {metric: gain.interval() for metric, gain in self.gains.items()},
            "verdict": self.verdict,
            "reason": self.sentence,
        }


def judge_references(
    config: GateConfig, comparison: Mapping[str, Any], cells: Sequence[Cell]
) -> list[ReferenceVerdict]:
    """Judges the candidate's AUC against every reference model's.

    It is `worse` where "it is at least as good" has a one-sided p below 2.5 %, adjusted by Holm
    over all outputs and models, and `better` where the same holds of "it is at most as good".
    Outputs with too few positives or negatives are `undecided` and count in no adjustment.

    Args:
      config: whose `min_positives` and `min_negatives` an output's rows must have.
      comparison: ReferenceComparison's comparison.json.
      cells: of the evaluation; they know how many rows each output has in all.
    """
    found = {name: x for name, x in comparison["outputs"].items() if "models" in x}
    scarce = {name: too_few for name, x in found.items() if (too_few := _scarce(config, name, x))}
    gains = {
        (output, model): {metric: _gain(metric, x) for metric, x in values["difference"].items()}
        for output, compared in found.items()
        for model, values in compared["models"].items()
    }
    tested = {key: gain[AUC] for key, gain in gains.items() if key[0] not in scarce}
    worse = holm({key: gain.p_below(0) for key, gain in tested.items()})
    better = holm({key: _negative(gain).p_below(0) for key, gain in tested.items()})
    rows = rows_of_outputs(cells)

    def judged(key: _Key) -> ReferenceVerdict:
        output, model = key
        verdict: Verdict = "undecided"
        if worse.get(key, 1.0) < ONE_SIDED:
            verdict = "worse"
        elif better.get(key, 1.0) < ONE_SIDED:
            verdict = "better"
        compared = found[output]
        metrics = {metric: _number(compared["models"][model][metric]) for metric in gains[key]}
        sentence = scarce.get(output) or _sentence(compared, metrics[AUC], gains[key], rows[output])
        return ReferenceVerdict(output, model, verdict, sentence, metrics, gains[key])

    return [judged(key) for key in gains]


def rows_of_outputs(cells: Sequence[Cell]) -> dict[str, int]:
    """Returns how many eval rows are in each output's space, of which the compared are a part."""
    return {
        cell.output: int(cell.candidate.positives + cell.candidate.negatives)
        for cell in cells
        if cell.scenario == OVERALL
    }


def with_references(
    result: Mapping[str, Any],
    config: GateConfig,
    comparison: Mapping[str, Any] | None,
    cells: Sequence[Cell],
) -> dict[str, Any]:
    """Returns the gate's result with the comparison and what follows from it.

    Args:
      result: of `verdict.summary`.
      config: `beats_references` says what a proof means.
      comparison: comparison.json; None where nothing was compared.
      cells: of the evaluation.
    """
    mode = config.beats_references
    if comparison is None:
        reason = "references.enabled is false: there are no simple models"
        if mode == "off":
            reason = "gate.beats_references is off"
        nothing = {"mode": mode, "reason": reason, "worse": [], "outputs": {}}
        return {**result, "references": nothing}
    verdicts = judge_references(config, comparison, cells)
    worse = [x.reason for x in verdicts if x.verdict == "worse"]
    rows = rows_of_outputs(cells)
    outputs = {}
    for output, found in comparison["outputs"].items():
        models = {x.model: x.as_json() for x in verdicts if x.output == output}
        outputs[output] = {**found, "of": rows[output], "models": models} if models else found
    references = {"mode": mode, "reason": None, "worse": worse, "outputs": outputs}
    if mode != "refuse" or not worse:
        return {**result, "references": references}
    reasons = [*result["reasons"], *worse]
    return {**result, "blessed": False, "reasons": reasons, "references": references}


def _scarce(config: GateConfig, output: str, compared: Mapping[str, Any]) -> str:
    limits = config.thresholds(output, OVERALL)
    positives, negatives = compared[POSITIVES], compared[NEGATIVES]
    if positives >= limits.min_positives and negatives >= limits.min_negatives:
        return ""
    return (
        f"{positives:,} positives and {negatives:,} negatives were scored by both; "
        f"{limits.min_positives} and {limits.min_negatives} are needed"
    )


def _number(value: float | None) -> float:
    """A number of a JSON file, where null stands for what is not defined."""
    return math.nan if value is None else value


def _gain(metric: str, difference: Sequence[float | None]) -> Difference:
    value, error, draws = map(_number, difference)
    return Difference(-value if metric in SMALLER_IS_BETTER else value, error, draws)


def _negative(gain: Difference) -> Difference:
    return dataclasses.replace(gain, value=-gain.value)


def _sentence(
    compared: Mapping[str, Any], reference: float, gains: Mapping[str, Difference], whole: int
) -> str:
    gain, rows = gains[AUC], compared["rows"]
    counted = f"the {rows:,} rows that both scored"
    if rows < whole:
        counted += f", of {whole:,}"
    if not gain.known:
        return f"the AUCs on {counted} can't be compared"
    low, high = gain.interval()
    side = "below" if gain.value < 0 else "above"
    return (
        f"AUC {compared['candidate'][AUC]:.4f} is {abs(gain.value):.4f} {side} its "
        f"{reference:.4f} (95 % interval of the gain {low:+.4f} to {high:+.4f}) on {counted}"
    )
