"""The numbers of `quality` and `paired` as one TFMA metric for all models and outputs.

TFMA's own metrics cost Python per row x metric x model x output x slice. This one keeps a
row's scores, targets and weights as one vector and its user as a number, and computes a
slice's numbers once, exactly, when all its rows are there: 4 x (2 outputs + scores) + 8 bytes
a row and slice.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types

from components.promotion_gate.paired import PAIRED, paired_differences
from components.promotion_gate.quality import METRICS, quality

_CHUNK = 4096


class RankingQuality(metric_types.Metric):
    """AUC, log loss, calibration and counts of every model and output of a MetricsSpec.

    Name it in a MetricConfig by module and class_name, in one MetricsSpec with all
    `model_names` and `output_names`. Its keys are `quality.METRICS` for each of them, and
    for the first of two models `difference_keys`: what it has more than the second, and the
    standard error of that.

    Args:
      user: the raw column whose values are users, for GAUC.
      name: of the metric.
    """

    def __init__(self, user: str, name: str = "ranking_quality"):
        super().__init__(_computations, name=name, user=user)


def difference_keys(metric: str) -> tuple[str, str]:
    """Returns the names of a paired difference and of its standard error."""
    return f"{metric}_difference", f"{metric}_difference_error"


def _computations(
    name: str,
    user: str,
    eval_config: Any = None,
    model_names: list[str] | None = None,
    output_names: list[str] | None = None,
    example_weighted: bool = True,
) -> list[Any]:
    """Makes the one computation; TFMA passes its arguments by these names."""
    del name, example_weighted
    # TFMA names the only model of an evaluation '', whatever its spec says.
    models = tuple(model_names or [""]) if len(eval_config.model_specs) > 1 else ("",)
    outputs = tuple(output_names or [""])
    keys = [
        metric_types.MetricKey(name=metric, model_name=model, output_name=output)
        for model in models
        for output in outputs
        for metric in METRICS
    ]
    if len(models) == 2:
        keys += [
            metric_types.MetricKey(name=name, model_name=models[0], output_name=output)
            for output in outputs
            for metric in PAIRED
            for name in difference_keys(metric)
        ]
    return [
        metric_types.MetricComputation(
            keys=keys,
            preprocessors=[_Row(models, outputs, user)],
            combiner=_QualityCombiner(models, outputs),
        )
    ]


class _Row(metric_types.Preprocessor):
    """A row as a user and one vector: its targets, its weights, its scores model by model."""

    def __init__(self, models: tuple[str, ...], outputs: tuple[str, ...], user: str):
        super().__init__(models=models, outputs=outputs, user=user)
        self._user = user
        self._models = models
        self._outputs = outputs

    def process(self, extracts: dict[str, Any]) -> Any:
        # Targets come from the log, so the first model's serve all models.
        first = self._models[0]
        labels, weights = (extracts[key] for key in (tfma.LABELS_KEY, tfma.EXAMPLE_WEIGHTS_KEY))
        scores = extracts[tfma.PREDICTIONS_KEY]
        if first:
            labels, weights = labels[first], weights[first]
        values = [labels[output] for output in self._outputs]
        values += [weights[output] for output in self._outputs]
        for model in self._models:
            of_model = scores[model] if model else scores
            values += [of_model[output] for output in self._outputs]
        vector = np.fromiter(
            (np.asarray(value).item() for value in values), np.float32, len(values)
        )
        yield vector, _number_of(np.asarray(extracts[tfma.FEATURES_KEY][self._user]).item())


def _number_of(user: int | bytes) -> int:
    """A number for a user: their own, or 8 bytes of a digest, alike in every process."""
    if isinstance(user, int):
        return user
    return int.from_bytes(hashlib.blake2b(user, digest_size=8).digest(), "big", signed=True)


@dataclasses.dataclass
class _Rows:
    """Rows of a slice: chunks of vectors [n, width] and users [n], and single rows beside."""

    chunks: list[Any] = dataclasses.field(default_factory=list)
    rows: list[Any] = dataclasses.field(default_factory=list)

    def stack(self) -> None:
        if self.rows:
            vectors, users = zip(*self.rows, strict=True)
            self.chunks.append((np.stack(vectors), np.array(users, np.int64)))
            self.rows = []


class _QualityCombiner(beam.CombineFn):
    """Gathers a slice's rows; computes its numbers at the end."""

    def __init__(self, models: tuple[str, ...], outputs: tuple[str, ...]):
        self._models = models
        self._outputs = outputs

    def create_accumulator(self) -> _Rows:
        return _Rows()

    def add_input(self, accumulator: _Rows, element: Any) -> _Rows:
        accumulator.rows.append(element)
        if len(accumulator.rows) >= _CHUNK:
            accumulator.stack()
        return accumulator

    def merge_accumulators(self, accumulators: Any) -> _Rows:
        merged = _Rows()
        for accumulator in accumulators:
            merged.chunks += accumulator.chunks
            merged.rows += accumulator.rows
        merged.stack()
        return merged

    def compact(self, accumulator: _Rows) -> _Rows:
        accumulator.stack()
        return accumulator

    def extract_output(self, accumulator: _Rows) -> dict[Any, float]:
        accumulator.stack()
        rows, users = map(np.concatenate, zip(*accumulator.chunks, strict=True))
        width = len(self._outputs)
        found = self._differences(rows, users) if len(self._models) == 2 else {}
        for m, model in enumerate(self._models):
            for o, output in enumerate(self._outputs):
                score = rows[:, (2 + m) * width + o]
                numbers = quality(rows[:, o], score, rows[:, width + o], users)
                for metric in METRICS:
                    key = metric_types.MetricKey(name=metric, model_name=model, output_name=output)
                    found[key] = getattr(numbers, metric)
        return found

    def _differences(self, rows: Any, users: Any) -> dict[Any, float]:
        width = len(self._outputs)
        found = {}
        for o, output in enumerate(self._outputs):
            candidate, baseline = (rows[:, (2 + model) * width + o] for model in (0, 1))
            differences = paired_differences(
                rows[:, o], candidate, baseline, rows[:, width + o], users
            )
            for metric, difference in differences.items():
                numbers = (difference.value, difference.error)
                for name, number in zip(difference_keys(metric), numbers, strict=True):
                    key = metric_types.MetricKey(
                        name=name, model_name=self._models[0], output_name=output
                    )
                    found[key] = number
        return found
