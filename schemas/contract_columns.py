"""A contract's columns by the roles that they have."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from schemas.column import Column
from schemas.list_columns import SequenceGroup, sequence_groups
from schemas.own_features import ROW_ID_KEY, SAMPLING_RATE_KEY, free_name
from schemas.tags import Id, MultiValue
from schemas.task_graph import TaskGraph

ONLY_SCENARIO = "default"
"""The scenario of every row of a log whose schema tags none."""


@dataclasses.dataclass(frozen=True)
class Contract:
    """A schema with its tags read and checked.

    Attributes:
      columns: all columns, in the schema's order.
      tasks: the task graph.
    """

    columns: tuple[Column, ...]
    tasks: TaskGraph

    def column(self, name: str) -> Column:
        """Returns the column called `name`; raises KeyError where there is none."""
        return self._by_name[name]

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def _flagged(self, flag: str) -> Column | None:
        return next((column for column in self.columns if flag in column.tags.flags), None)

    @property
    def scenario(self) -> Column | None:
        """The scenario column; None where all rows are of one scenario, `ONLY_SCENARIO`."""
        return self._flagged("scenario")

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios' names; their order is the order of the model's scenario ids."""
        return self.scenario.values if self.scenario else (ONLY_SCENARIO,)

    @property
    def measured_scenarios(self) -> tuple[str, ...]:
        """The scenarios with metrics of their own; none where there is no scenario column."""
        return self.scenario.values if self.scenario else ()

    @property
    def user_id(self) -> Column | None:
        """The column whose value groups rows by person, where the log has one.

        Where it is not required, a row without a value (null, or a text that is empty or blank)
        is a guest's; guests share no identity.
        """
        return self._flagged("user_id")

    def item_id(self, sizes: Mapping[str, int]) -> Column | None:
        """The column that tells items apart: the item-side id with the most values.

        Args:
          sizes: column -> number of its values; columns that are not in it are left out.

        Returns:
          The first of the largest; None where there is none.
        """
        ids = [
            column
            for column in self.features
            if column.side == "item" and isinstance(column.treatment, Id) and column.name in sizes
        ]
        return max(ids, key=lambda column: sizes[column.name], default=None)

    @property
    def timestamp(self) -> Column | None:
        """The impression's time since 1970 (UTC), in its tag's unit (`tags.ticks_per_second`).

        None where the log has no time.
        """
        return self._flagged("timestamp")

    @property
    def weight(self) -> Column | None:
        """The row's weight, where the log has one."""
        return self._flagged("weight")

    @property
    def truths(self) -> dict[str, Column]:
        """The columns that hold the true probability of an output, by the output's name."""
        return {
            column.tags.truth: column for column in self.columns if column.tags.truth is not None
        }

    @property
    def sampling_rate(self) -> Column | None:
        """The chance that the row had to get into the log, where the log was down-sampled."""
        return self._flagged("sampling_rate")

    @property
    def sampling_rate_key(self) -> str:
        """The feature of an example with the chance that its row had to be kept by our own
        sampling: float32; 1 where there is none. It is no column's name; a rate that the log
        came with is `sampling_rate`.
        """
        return free_name(SAMPLING_RATE_KEY, self._by_name)

    @property
    def row_id_key(self) -> str:
        """The feature of an example with its row's number: int64, unique in the log, the same in
        every run. It is no column's name and no model's input.
        """
        return free_name(ROW_ID_KEY, self._by_name)

    @property
    def features(self) -> tuple[Column, ...]:
        """The model's inputs of one value a row, in the schema's order."""
        return tuple(column for column in self.columns if column.treatment is not None)

    @property
    def list_features(self) -> tuple[Column, ...]:
        """The model's inputs of a list a row: sequences, multi-valued columns and vectors."""
        return tuple(column for column in self.columns if column.list_treatment is not None)

    @property
    def list_columns(self) -> tuple[Column, ...]:
        """The lists that a model reads in training and from a request: also those that weigh
        the values of other ones, in the schema's order.
        """
        weights = {
            column.list_treatment.weights
            for column in self.columns
            if isinstance(column.list_treatment, MultiValue)
        }
        return tuple(
            column
            for column in self.columns
            if column.list_treatment is not None or column.name in weights
        )

    @functools.cached_property
    def sequence_groups(self) -> tuple[SequenceGroup, ...]:
        """The groups of sequences that are aligned row by row."""
        return sequence_groups(self.columns)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """All that a model reads of one value a row in training: features, and the scenario."""
        return tuple(
            column
            for column in self.columns
            if column.treatment is not None or column == self.scenario
        )

    @property
    def serving_features(self) -> tuple[Column, ...]:
        """What a request must carry of one value a row: the features (and scenario) known before
        the impression. Its lists are `list_columns`.
        """
        return tuple(
            column
            for column in self.columns
            if (column.treatment is not None and column.tags.train_only_default is None)
            or column == self.scenario
        )
