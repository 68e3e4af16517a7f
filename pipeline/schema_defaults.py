"""What a configuration leaves open, decided by the schema; and what the schema can't do."""

from __future__ import annotations

from collections.abc import Iterable

from common.settings import SettingsError
from models.config import ModelConfig
from models.losses.weights import check_loss_weights_of
from pipeline.config import PipelineConfig
from schemas.contract import Contract, load_schema_text, parse_schema, read_contract

EVAL_FRACTION = 0.1
"""Of the rows of a log without a time, where the configuration says nothing."""


def fitted(config: PipelineConfig, contract: Contract) -> PipelineConfig:
    """Returns `config` with its defaults for logs of `contract`.

    A span of a log without a time is a delivery, not a day after the others. So where the
    configuration does not say otherwise, the window is the last span, and rows are split into
    train, validation and eval by their hash.

    Raises:
      SettingsError: `split`, `leaks`, `gate` or `training.loss_weights` ask for what the schema
        does not have, or no row is left to evaluate on.
    """
    config.leaks.check_names(contract)
    config.gate.check_names(contract)
    check_loss_weights_of(config.training.loss_weights, config.model, contract.tasks)
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


def check_names(config: PipelineConfig, models: Iterable[ModelConfig] = ()) -> None:
    """Refuses what `fitted` would refuse, before spans are looked for or made.

    Args:
      config: the schema that it names is read here.
      models: those that are trained, each with the configuration's training; else its own.

    Raises:
      ContractError: the schema can't be used.
      SettingsError: the configuration asks for what the schema does not have.
    """
    contract = read_contract(parse_schema(load_schema_text(config.data.schema_path)))
    for model in tuple(models) or (config.model,):
        fitted(config.model_copy(update={"model": model}), contract)
