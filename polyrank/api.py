"""Polyrank from Python: the same work as the commands of the same names.

Nothing is printed, and every mistake of the caller's raises a `common.errors.PolyrankError`.

Example:
  import polyrank

  polyrank.infer("shop.csv", "my/schema.pbtxt")
  result = polyrank.run("my.yaml", work_dir="work")
  if result.outcome.status == "pushed":
      with polyrank.serve("work", port=0) as server:
          scores = polyrank.predict([{"member": "m7", ...}], target=server.target)
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

# TensorFlow reads these on import; the first one chooses its Keras.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

if TYPE_CHECKING:
    import numpy as np

    from cli.compare.conclusion import CompareResult
    from cli.runs.result import RunResult
    from data.inference.proposal import Proposal
    from pipeline.config import PipelineConfig
    from serving.server import ModelServer

__all__ = ["compare", "infer", "predict", "run", "serve"]

_Path = str | os.PathLike[str]


def infer(
    data: _Path,
    out: _Path | None = None,
    *,
    overwrite: bool = False,
    user: str | None = None,
    scenario: str | None = None,
    time: str | None = None,
    labels: Sequence[str] = (),
) -> Proposal:
    """Proposes a tagged schema for a log.

    Args:
      data: a folder of Parquet, CSV or TFRecord files, or one file.
      out: the schema file to write; None writes nothing.
      overwrite: replace `out` if it exists.
      user: the column that tells users apart, or `none` for a log without; None to guess it.
      scenario: the column that says where the impression was shown, or `none`; None to guess it.
      time: the column of the impression's time, or `none`; None to guess it.
      labels: the labels' columns; empty to guess them.

    Returns:
      The schema's text, with a comment above each feature that gives the reason for its tags, and
      a summary, which also names the files of `data` that were not read.

    Raises:
      ChoiceError: a column is not there, or is named for two roles.
      BadDataError: the log can't be read, or no column fits a role that is to be guessed.
      PolyrankError: `out` exists.
    """
    from cli.common.schema_proposal import propose_schema
    from data.inference.choices import Choices

    choices = Choices(user, scenario, time, tuple(labels))
    proposal, left_out = propose_schema(
        pathlib.Path(data), None if out is None else pathlib.Path(out), overwrite, choices
    )
    return dataclasses.replace(proposal, summary=(*proposal.summary, *left_out))


def run(
    config: _Path,
    *,
    work_dir: _Path = "work/run",
    data: _Path | None = None,
    schema: _Path | None = None,
    overrides: Sequence[str] = (),
) -> RunResult:
    """Runs the pipeline on this machine, from spans to a registered version.

    What libraries print goes to `run.log` in the run's folder.

    Args:
      config: a preset's name, or the path of a YAML file.
      work_dir: everything that runs write is below it.
      data: replaces `data.path`: a folder of `span=YYYY-MM-DD` folders, or the adapter's files.
      schema: replaces `data.schema_path`.
      overrides: dotted `KEY=VALUE` texts, the value in YAML, applied in order.

    Returns:
      How the run ended and why, with its metrics. A component that fails does not raise: see
      `outcome`, `reason` and `trace`.

    Raises:
      SettingsError: the configuration can't be used.
      PolyrankError: `work_dir` can't be written, or another run is using it.
    """
    from cli.common.terminal import silence

    settings = _load(config, data, schema, overrides)
    with silence():
        from cli.runs.local import run_locally

        return run_locally(settings, os.fspath(work_dir))


def compare(
    config: _Path,
    models: Sequence[str],
    *,
    seeds: int = 5,
    baseline: str | None = None,
    model_overrides: Sequence[str] = (),
    epochs: int | None = None,
    jobs: int | None = None,
    work_dir: _Path = "work/compare",
    out: _Path | None = None,
    records: _Path | None = None,
    transfer: bool = False,
    data: _Path | None = None,
    schema: _Path | None = None,
    overrides: Sequence[str] = (),
) -> CompareResult:
    """Trains several models on the same rows with the same budget, and compares them.

    Trials that an earlier call has finished are not run again.

    Args:
      config: a preset's name, or the path of a YAML file.
      models: the architectures' names, such as `["mmoe", "ple"]`.
      seeds: trials of each model.
      baseline: the model that the others are compared with; None for the first.
      model_overrides: `NAME:KEY=VALUE` texts that set one key of one model.
      epochs: of every model; None for `training.max_epochs`.
      jobs: trials at a time; None for one a core.
      work_dir: the data and features are below it.
      out: the folder of trials and tables; None for `comparison` in `work_dir`.
      records: a file of finished trials (JSON lines): they are not trained again, others are added.
      transfer: train the only model on all rows, without each scenario's and on each one's alone,
        and say which scenario gains from whose rows.
      data: replaces `data.path`.
      schema: replaces `data.schema_path`.
      overrides: dotted `KEY=VALUE` texts, the value in YAML, applied in order.

    Returns:
      `document` holds the numbers and the paths of the tables; `exit_code` is 1 where a trial
      failed.

    Raises:
      SettingsError: the configuration, a model or one of its keys can't be used.
      BadDataError: the data can't be used.
      PolyrankError: the features could not be made, every trial failed, or a folder can't be
        written or is used by another run.
    """
    from cli.common.terminal import silence
    from cli.compare.compare_models import compare_models

    settings = _load(config, data, schema, overrides)
    with silence():
        return compare_models(
            settings,
            models,
            seeds=seeds,
            model_overrides=model_overrides,
            baseline=baseline,
            epochs=epochs,
            jobs=jobs,
            work_dir=os.fspath(work_dir),
            out=None if out is None else os.fspath(out),
            records=None if records is None else os.fspath(records),
            transfer=transfer,
        )


def serve(
    work_dir: _Path = "work/run",
    *,
    model_base_path: _Path | None = None,
    model_name: str = "polyrank",
    host: str = "127.0.0.1",
    port: int = 8500,
    timeout: float = 120.0,
) -> ModelServer:
    """Serves the newest pushed version over gRPC, and each newer one as it is pushed.

    Args:
      work_dir: the work folder of the runs.
      model_base_path: the folder of numbered versions; None for the one in `work_dir`.
      model_name: the name that requests give.
      host: the address to listen on; `0.0.0.0` for every interface.
      port: 0 for a free one.
      timeout: seconds to wait until a version answers.

    Returns:
      A started server whose model answers at `target`. It runs in threads of this process until
      `stop()`, or the end of a `with` block.

    Raises:
      ServingError: the newest version can't be loaded, or nothing answers after `timeout`.
      PolyrankError: the folder holds no version, or the port is taken.
    """
    from cli.common.model_folder import served_folder
    from serving.client import Client
    from serving.server import ModelServer

    folder = served_folder(
        os.fspath(work_dir),
        model_name,
        None if model_base_path is None else os.fspath(model_base_path),
    )
    server = ModelServer(model_name, folder, host, port)
    server.start()
    try:
        # Until then, a newest version that can't be loaded hides an older one that can.
        server.versions.looked.wait(timeout)
        with Client(server.target, model_name) as client:
            client.wait_until_available(timeout)
    except BaseException:
        server.stop()
        raise
    return server


def predict(
    rows: Sequence[Mapping[str, Any]],
    *,
    target: str = "localhost:8500",
    model_name: str = "polyrank",
    timeout: float = 10.0,
) -> dict[str, np.ndarray]:
    """Queries a model server for the scores of rows.

    Args:
      rows: B mappings from feature to value, one candidate each; None and NaN stand for a missing
        value, and keys that are no feature of the model are ignored.
      target: the server's `host:port`.
      model_name: the served model's name.
      timeout: seconds that a request may take.

    Returns:
      An array [B] an output, such as `{"click": array([0.12, 0.03], dtype=float32)}`.

    Raises:
      BadDataError: there are no rows, or a row lacks a feature or holds a value of another type.
      ServingError: the server can't be reached or refuses the request.
    """
    from cli.common.scores import served_scores

    return served_scores(rows, target, model_name, timeout)


def _load(
    config: _Path, data: _Path | None, schema: _Path | None, overrides: Sequence[str]
) -> PipelineConfig:
    from pipeline.config_files import load_config
    from pipeline.presets import config_path

    return load_config(
        config_path(config),
        overrides,
        data_path=None if data is None else os.fspath(data),
        schema_path=None if schema is None else os.fspath(schema),
    )
