"""The rows of a comparison: made by the pipeline's own components, held once for all trials."""

from __future__ import annotations

import logging
import pathlib
import shutil

from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from cli.common.progress import Progress
from cli.runs.display import RunDisplay, show_passed_over
from cli.runs.ending import failed
from cli.runs.prepare_data import prepared
from common.errors import BadDataError, PolyrankError
from common.names import SPLITS
from models.datasets.in_memory import files_of
from models.training.fingerprint import training_fingerprint
from models.trials.code import held_rows_code
from pipeline.config import PipelineConfig
from pipeline.local import local_feature_pipeline
from pipeline.locations import Locations
from pipeline.log_state import look_at_log
from pipeline.metadata import open_record
from pipeline.run_record import RunRecord
from schemas.contract import load_schema_text, parse_schema, read_contract

_LOG = logging.getLogger(__name__)


def prepare_features(
    config: PipelineConfig, locations: Locations, directory: pathlib.Path, progress: Progress
) -> pathlib.Path:
    """Runs the pipeline from SpanWindow to Transform, and holds the transformed rows.

    What has not changed since an earlier run is taken from TFX's cache and from the work
    folder.

    Args:
      config: the data and its treatment.
      locations: below the work folder.
      directory: holds the log with stack traces.
      progress: shows one line a component.

    Returns:
      The folder of the saved TrialData.

    Raises:
      BadDataError: the data can't be used.
      PolyrankError: a component failed.
    """
    record = open_record(config.metadata, locations)
    runs_before = len(record.run_ids())
    try:
        progress.work_on("preparing the data")
        config = prepared(config, locations, progress.console)
        progress.work_on("reading the log for its digest")
        log = look_at_log(config)
        show_passed_over(log, progress)
        pipeline = local_feature_pipeline(config, locations.work_dir, log)
        with RunDisplay(progress, record):
            LocalDagRunner().run(pipeline)
        return _held(config, locations, record, progress)
    except Exception as error:
        _LOG.exception("the features could not be made")
        reason = failed(error, record, runs_before, "", directory).reason
        kind = BadDataError if isinstance(error, BadDataError) else PolyrankError
        raise kind(f"{reason} (log: {directory / 'run.log'})") from error


def _held(
    config: PipelineConfig, locations: Locations, record: RunRecord, progress: Progress
) -> pathlib.Path:
    import tensorflow_transform as tft

    from models.trials.loading import read_trial_data

    components = {found.name: found for found in record.components(record.run_ids()[-1])}
    examples = components["ImpressionExampleGen"].outputs["examples"].uri
    graph = components["Transform"].outputs["transform_graph"].uri
    schema_text = load_schema_text(config.data.schema_path)
    patterns = {split: f"{examples}/Split-{split}/*" for split in SPLITS}
    content = training_fingerprint(files_of(list(patterns.values())), graph, schema_text, {})
    folder = pathlib.Path(locations.features_dir) / f"{content[:16]}-{held_rows_code()[:8]}"
    if folder.is_dir():
        return folder
    progress.print("  holding the transformed rows", soft_wrap=True)
    progress.work_on("holding the transformed rows")
    contract = read_contract(parse_schema(schema_text))
    held = read_trial_data(contract, tft.TFTransformOutput(graph), patterns)
    folder.parent.mkdir(parents=True, exist_ok=True)
    held.save(folder)
    # The same rows as other code held them.
    for stale in folder.parent.glob(f"{content[:16]}-*"):
        if stale != folder:
            shutil.rmtree(stale)
    return folder
