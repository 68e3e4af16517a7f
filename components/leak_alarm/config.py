"""What counts as a leak."""

from __future__ import annotations

from typing import Annotated

import pydantic

from common.settings import Settings, SettingsError
from common.suggestions import nearest
from schemas.contract import Contract

_Count = Annotated[int, pydantic.Field(ge=1)]


class LeaksConfig(Settings):
    """The limits of LeakAlarm and of BayesCheck.

    Attributes:
      auc_at_most: a feature that alone ranks an output of the train rows better is a leak.
      suspect_auc_at_most: the same limit of a feature that is named like an outcome, and of where a
        feature has gaps, also among the rows of one scenario, user and item.
      exempt: features, also lists, that may; for those that are truly known before the impression.
      min_positives: an output with fewer positives is not judged.
      min_negatives: the same for negatives.
      max_rows: a split of more rows is thinned evenly to about so many.
      bayes_standard_errors: where the schema names true probabilities, an AUC on the eval rows
        may be above theirs by so many standard errors of the difference.
    """

    auc_at_most: Annotated[float, pydantic.Field(ge=0.5, le=1)] = 0.95
    suspect_auc_at_most: Annotated[float, pydantic.Field(ge=0.5, le=1)] = 0.65
    exempt: tuple[str, ...] = ()
    min_positives: _Count = 30
    min_negatives: _Count = 30
    max_rows: _Count = 100_000
    bayes_standard_errors: Annotated[float, pydantic.Field(gt=0)] = 3.0

    def check_names(self, contract: Contract) -> None:
        """Refuses exempt features that are no model inputs (of one value a row, or lists).

        Raises:
          SettingsError: with the nearest valid name.
        """
        known = [column.name for column in (*contract.inputs, *contract.list_features)]
        for name in self.exempt:
            if name not in known:
                raise SettingsError(
                    f"leaks.exempt: unknown feature '{name}'; {nearest(name, known)}"
                )

    def enough(self, positives: int, negatives: int) -> bool:
        """Whether an AUC over so many rows of each class is judged."""
        return positives >= self.min_positives and negatives >= self.min_negatives
