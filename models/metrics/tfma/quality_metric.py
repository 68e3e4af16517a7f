"""The numbers of `quality` and `paired` as one TFMA metric for all models and outputs.

TFMA's own metrics cost Python per row x metric x model x output x slice. This one keeps a
row's scores, targets and weights as one vector and its user as a number, and computes a
slice's numbers once, exactly, when all its rows are there: 4 x (2 outputs + scores) + 8 bytes
a row and slice, for up to `EXACT_ROWS` rows.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import numpy as np

from common.tfx_compat import metric_types, tfma
from models.metrics.condensed_rows import CondensedRows
from models.metrics.gauc import NO_USER
from models.metrics.names import COMPARED
from models.metrics.quality import METRICS
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import SliceNumbers, exact_numbers

DECILES_KEY = "deciles"
"""The array of `Quality.deciles`, flat."""

EXACT_ROWS = 4_000_000
"""About .4 GB of a slice, with six outputs and two models."""

_CHUNK = 4096


class RankingQuality(metric_types.Metric):
    """AUC, log loss, calibration and counts of every model and output of a MetricsSpec.

    Name it in a MetricConfig by module and class_name, in one MetricsSpec with all
    `model_names` and `output_names`. Its keys are `quality.METRICS` and `DECILES_KEY` for each
    of them, and for the first of two models `difference_keys`: what it has more than the second.

    Args:
      user: the raw column whose values are users, for GAUC; None where there is none.
      exact_rows: a slice of more rows is condensed (`CondensedRows`).
      name: of the metric.
    """

    def __init__(
        self, user: str | None, exact_rows: int = EXACT_ROWS, name: str = "ranking_quality"
    ) -> None:
        super().__init__(_computations, name=name, user=user, exact_rows=exact_rows)


def difference_keys(metric: str) -> tuple[str, ...]:
    """Returns the names of a paired difference's numbers, in the order of `Difference`."""
    return tuple(f"{metric}_difference{part}" for part in ("", "_error", "_draws"))


def _computations(
    name: str,
    user: str | None,
    exact_rows: int,
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
        _key(metric, model, output)
        for model in models
        for output in outputs
        for metric in (*METRICS, DECILES_KEY)
    ]
    if len(models) == 2:
        keys += [
            _key(name, models[0], output)
            for output in outputs
            for metric in COMPARED
            for name in difference_keys(metric)
        ]
    return [
        metric_types.MetricComputation(
            keys=keys,
            preprocessors=[_Row(models, outputs, user)],
            combiner=_QualityCombiner(models, outputs, exact_rows),
        )
    ]


class _Row(metric_types.Preprocessor):
    """A row as a user and one vector: its targets, its weights, its scores model by model."""

    def __init__(self, models: tuple[str, ...], outputs: tuple[str, ...], user: str | None):
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
        values = [_of(labels, output) for output in self._outputs]
        values += [_of(weights, output) for output in self._outputs]
        for model in self._models:
            of_model = scores[model] if model else scores
            values += [_of(of_model, output) for output in self._outputs]
        vector = np.fromiter(
            (np.asarray(value).item() for value in values), np.float32, len(values)
        )
        user = extracts[tfma.FEATURES_KEY].get(self._user) if self._user else None
        yield vector, _number_of(user)


def _of(values: Any, output: str) -> Any:
    """The value of an output; of a model with one output TFMA keeps the bare value."""
    return values[output] if isinstance(values, Mapping) else values


def _number_of(value: Any) -> int:
    """A number for a user: their own, or 8 bytes of a digest, alike in every process.

    NO_USER where there is no value, or none in it.
    """
    if value is None or not np.size(value):
        return NO_USER
    user = np.asarray(value).item()
    if isinstance(user, int):
        return user
    return int.from_bytes(hashlib.blake2b(user, digest_size=8).digest(), "big", signed=True)


class _Slice:
    """Rows of a slice: as they are up to a number, condensed beyond it."""

    def __init__(self, models: int, outputs: int, most: int) -> None:
        self._sizes = (models, outputs)
        self._most = most
        self._single: list[Any] = []
        self._parts: list[ScoredRows] = []
        self._condensed: CondensedRows | None = None

    def add(self, row: Any) -> None:
        self._single.append(row)
        if len(self._single) >= _CHUNK:
            self.compact()

    def merge(self, other: _Slice) -> None:
        self._single += other._single
        self._parts += other._parts
        if other._condensed is not None:
            self._condense().merge(other._condensed)
        self.compact()

    def compact(self) -> None:
        if self._single:
            vectors, users = zip(*self._single, strict=True)
            self._parts.append(ScoredRows.of(vectors, users, self._sizes[1]))
            self._single = []
        rows = sum(len(part.users) for part in self._parts)
        if self._condensed is not None or rows > self._most:
            self._condense()

    def _condense(self) -> CondensedRows:
        if self._condensed is None:
            self._condensed = CondensedRows(*self._sizes, self._most)
        for part in self._parts:
            self._condensed.add(part)
        self._parts = []
        return self._condensed

    def numbers(self) -> SliceNumbers:
        self.compact()
        if self._condensed is not None:
            return self._condensed.numbers()
        return exact_numbers(ScoredRows.joined(self._parts))


class _QualityCombiner(beam.CombineFn):
    """Gathers a slice's rows; computes its numbers at the end."""

    def __init__(self, models: tuple[str, ...], outputs: tuple[str, ...], exact_rows: int):
        self._models = models
        self._outputs = outputs
        self._exact_rows = exact_rows

    def create_accumulator(self) -> _Slice:
        return _Slice(len(self._models), len(self._outputs), self._exact_rows)

    def add_input(self, accumulator: _Slice, element: Any) -> _Slice:
        accumulator.add(element)
        return accumulator

    def merge_accumulators(self, accumulators: Any) -> _Slice:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def compact(self, accumulator: _Slice) -> _Slice:
        accumulator.compact()
        return accumulator

    def extract_output(self, accumulator: _Slice) -> dict[Any, Any]:
        qualities, differences = accumulator.numbers()
        found: dict[Any, Any] = {}
        for model, of_model in zip(self._models, qualities, strict=True):
            for output, numbers in zip(self._outputs, of_model, strict=True):
                for metric in METRICS:
                    found[_key(metric, model, output)] = getattr(numbers, metric)
                found[_key(DECILES_KEY, model, output)] = np.array(numbers.deciles).ravel()
        for output, of_output in zip(self._outputs, differences, strict=bool(differences)):
            for metric, difference in of_output.items():
                parts = dataclasses.astuple(difference)
                for key, number in zip(difference_keys(metric), parts, strict=True):
                    found[_key(key, self._models[0], output)] = number
        return found


def _key(metric: str, model: str, output: str) -> Any:
    return metric_types.MetricKey(name=metric, model_name=model, output_name=output)
