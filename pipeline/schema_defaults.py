"""What a configuration leaves open, decided by the schema; and what the schema can't do."""

from __future__ import annotations

from common.settings import SettingsError
from pipeline.config import PipelineConfig
from schemas.contract import Contract

EVAL_FRACTION = 0.1
"""Of the rows of a log without a time, where the configuration says nothing."""


def fitted(config: PipelineConfig, contract: Contract) -> PipelineConfig:
    """Returns `config` with its defaults for logs of `contract`.

    A span of a log without a time is a delivery, not a day after the others. So where the
    configuration does not say otherwise, the window is the last span, and rows are split into
    train, validation and eval by their hash.

    Raises:
      SettingsError: `split`, `leaks` or `gate` ask for what the schema does not have, or no row
        is left to evaluate on.
    """
    config.leaks.check_names(contract)
    config.gate.check_names(contract)
    split, window = config.split.of(contract), config.window
    if contract.timestamp is None:
        given = window.model_fields_set
        spans = {"train_spans": 1, "eval_spans": 0}
        window = window.model_copy(update={k: v for k, v in spans.items() if k not in given})
        if not window.eval_spans and split.eval_fraction is None:
            split = split.model_copy(update={"eval_fraction": EVAL_FRACTION})
    elif not window.eval_spans and split.eval_fraction is None:
        raise SettingsError("nothing to evaluate on: set window.eval_spans or split.eval_fraction")
    return config.model_copy(update={"split": split, "window": window})
