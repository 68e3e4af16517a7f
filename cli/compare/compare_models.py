"""A comparison from its options, as the command line and Python programs give them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.common.terminal import announced_imports
from cli.common.work_folder import check_free
from cli.compare.plan import make_comparison
from cli.compare.workers import cores
from cli.runs.made_lists import without_made_lists
from common.settings import SettingsError
from pipeline.config import PipelineConfig
from pipeline.schema_defaults import check_names

if TYPE_CHECKING:
    from cli.compare.conclusion import CompareResult


def compare_models(
    config: PipelineConfig,
    models: Sequence[str],
    *,
    seeds: int,
    model_overrides: Sequence[str] = (),
    baseline: str | None = None,
    epochs: int | None = None,
    jobs: int | None = None,
    work_dir: str | pathlib.Path,
    out: str | pathlib.Path | None = None,
    records: str | pathlib.Path | None = None,
    transfer: bool = False,
    people_read_stderr: bool = False,
    log_everything: bool = False,
) -> CompareResult:
    """Trains several models on the same rows with the same budget, and writes the tables.

    Args:
      config: the data, features and training that all models share.
      models: the architectures' names.
      seeds: trials of each model.
      model_overrides: `NAME:KEY=VALUE`, the value in YAML.
      baseline: one of `models`; None for the first.
      epochs: of every model; None for `training.max_epochs`.
      jobs: trials at a time; None for one a core.
      work_dir: the data and features are below it.
      out: the trials and tables; None for `comparison`, or with `transfer` for `transfer`, in the
        work folder.
      records: a file of finished trials that are not trained; others are added to it.
      transfer: instead of comparing models, train the only one on all rows, without each
        scenario's and on each one's alone, and say which scenario gains from whose rows.
      people_read_stderr: True where stdout must stay free for a machine.
      log_everything: the log holds what other libraries say of their progress too.

    Raises:
      SettingsError: an unknown model, key or value, or one that the schema does not have.
      ContractError: the schema can't be used.
      PolyrankError: the features could not be made, a folder can't be written, or `records`
        holds something else.
    """
    out = pathlib.Path(out or pathlib.Path(work_dir) / ("transfer" if transfer else "comparison"))
    if transfer:
        _check_transfer(models, baseline)
    check_free(work_dir)
    check_free(out, "--out")
    comparison = make_comparison(config, models, model_overrides, seeds, baseline, epochs)
    check_names(without_made_lists(comparison.config), comparison.models.values())
    with announced_imports(people_read_stderr=people_read_stderr):
        # TFX takes many seconds to import; a wrong option is reported before.
        from cli.compare.run import compare_locally
        from models.trials.records import RecordFile

    return compare_locally(
        comparison,
        work_dir,
        out,
        jobs or cores(),
        records=RecordFile(pathlib.Path(records)) if records else None,
        transfer=transfer,
        people_read_stderr=people_read_stderr,
        log_everything=log_everything,
    )


def _check_transfer(models: Sequence[str], baseline: str | None) -> None:
    if len(models) != 1:
        raise SettingsError(
            f"--transfer trains one model on several choices of rows; --models is "
            f"'{','.join(models)}': name one"
        )
    if baseline is not None:
        raise SettingsError("--transfer compares no models: leave --baseline out")
