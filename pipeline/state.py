"""The outside world that a run depends on, as tokens that TFX's cache can see.

TFX's cache is blind to what lies outside a run: a component that reads a file would be
taken from the cache though the file has changed. So everything that reads the world
takes a token of what it is about to read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import TypeAlias

from tfx.orchestration.data_types import RuntimeParameter

from common.source_digest import code_digest
from components.common.digests import listing_token, log_token
from components.model_registry.live import state_token
from models.registry import with_own_source
from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from pipeline.log_state import LogState

Token: TypeAlias = str | RuntimeParameter

RUN_ID_PLACEHOLDER = "{{$.pipeline_job_uuid}}"

# Where a run works, what it refuses to do, and what is kept of it change nothing of what it makes.
_WHERE = {"resources", "metadata", "beam_pipeline_args", "baseline", "retention"}


@dataclasses.dataclass(frozen=True)
class RunState:
    """The tokens of one run.

    Attributes:
      listing: of the window's dates.
      files: of the files inside the window, by content.
      registry: of the registry's entry that Baseline is about to choose.
      fingerprint: of data, configuration and code together: equal for an unchanged rerun.
      canary: of the canary's refusals of this run's candidate.
    """

    listing: Token
    files: Token
    registry: Token
    fingerprint: Token
    canary: Token


def local_state(
    config: PipelineConfig,
    locations: Locations,
    schema_text: str,
    log: LogState,
    refusals: Callable[[str], int] = lambda _: 0,
) -> RunState:
    """Reads the files of the window, the registry and earlier refusals, just before a local run.

    Args:
      config: of the run.
      locations: below its work folder.
      schema_text: the tagged schema.
      log: of `look_at_log`.
      refusals: fingerprint -> how many earlier runs with it the canary refused.

    Raises:
      BadDataError: a file can't be read.
    """
    token = log_token(log.files)
    code = with_own_source(code_digest(), config.model.name)
    facts = [config.model_dump(mode="json", exclude=_WHERE), code, schema_text, token]
    fingerprint = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return RunState(
        listing=listing_token(log.found.window.dates),
        files=token,
        registry=state_token(locations.registry_path, fingerprint),
        fingerprint=fingerprint,
        canary=str(refusals(fingerprint)),
    )


def cluster_state() -> RunState:
    """On a cluster every run looks again: its caller passes `state-token`, such as its own id."""
    return _always_new(RuntimeParameter(name="state-token", ptype=str))


def scheduled_state() -> RunState:
    """A scheduled run gets no argument of its own: Kubeflow puts the run's own id in.

    Its driver replaces the placeholder where it is a task's constant, and nowhere else: not in a
    parameter that a recurring run passes to all of its runs alike.
    """
    return _always_new(RUN_ID_PLACEHOLDER)


def _always_new(token: Token) -> RunState:
    return RunState(listing=token, files=token, registry=token, fingerprint=token, canary=token)
