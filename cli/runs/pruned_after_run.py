"""Pruning at the end of a run, as its configuration says."""

from __future__ import annotations

from ml_metadata.errors import StatusError

from cli.runs.retention_text import pruned_line
from common.errors import PolyrankError
from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from pipeline.retention.config import RetentionConfig
from pipeline.retention.prune import prune


def pruned_after_run(config: PipelineConfig, locations: Locations) -> str | None:
    """Prunes as the configuration says; returns a line, or None where there is nothing to say.

    A run that has ended well stays so where files can't be removed.

    Args:
      config: of the run that has ended; the caller holds the work folder.
      locations: of the work folder.
    """
    if config.retention == RetentionConfig():
        return None
    try:
        pruned = prune(locations, config.retention, config.metadata)
    except (OSError, PolyrankError, StatusError) as error:
        return f"not pruned: {error}"
    return pruned_line(pruned) if pruned.runs or pruned.versions else None
