"""The live version, and the one that a run has to be compared with."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from typing import NamedTuple

from common.atomic_files import is_remote, remote_files
from components.model_registry.places import OutsideError, located
from components.model_registry.refused_push import RefusedPushError
from components.model_registry.registry import Entry, entries

NO_ENTRY = "none"


class Standing(NamedTuple):
    """What a run finds in the registry.

    Attributes:
      compared: the newest entry that another run pushed, or None: a run is never its own
        baseline.
      live: the live version, passing over what the run itself pushed; empty where there is none.
        A rollback to what the run itself pushed counts.
      is_live: whether `compared` is the registry's last entry.
    """

    compared: Entry | None
    live: str
    is_live: bool


def standing(path: str | os.PathLike[str], fingerprint: str | None = None) -> Standing:
    """Reads what the run with this fingerprint has to be compared with.

    Args:
      path: the registry file.
      fingerprint: the run's; None passes over no entry.

    Raises:
      RegistryError: the file is no registry.
    """
    known = entries(path)
    others = [entry for entry in known if entry.run_fingerprint != fingerprint]
    made_live = [
        entry for entry in known if entry.run_fingerprint != fingerprint or entry.rollback_of
    ]
    compared = others[-1] if others else None
    return Standing(
        compared, made_live[-1].version if made_live else "", bool(known) and compared == known[-1]
    )


def state_token(path: str | os.PathLike[str], fingerprint: str | None = None) -> str:
    """Returns a digest of what `standing` finds, for the cache of Baseline.

    It is not the digest of the file: a run's own push must not uncache its unchanged rerun. That
    the live version is gone counts, so that a run sees it. One that is damaged need not: what the
    cache holds is a sound copy.

    Raises:
      RegistryError: the file is no registry.
    """
    found = standing(path, fingerprint)
    if found.compared is None and not found.live:
        return NO_ENTRY
    compared = found.compared and found.compared.model_dump(mode="json")
    gone = found.compared is not None and found.is_live and not _is_there(path, found.compared)
    facts = json.dumps([compared, found.live, gone], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()


def check_unchanged(path: str | os.PathLike[str], fingerprint: str, live: str) -> None:
    """Refuses a push over a version that the run was not compared with.

    Args:
      path: the registry file, which the caller holds.
      fingerprint: the run's.
      live: `Standing.live` when the run chose its baseline.

    Raises:
      RefusedPushError: another version is live now.
      RegistryError: the file is no registry.
    """
    now = standing(path, fingerprint).live
    if now == live:
        return
    copied = next((x.rollback_of for x in entries(path) if x.version == now), None)
    what = f"version {now}, a copy of {copied}," if copied else f"version {now or 'none'}"
    began = f"when version {live} was" if live else "when none was"
    raise RefusedPushError(
        f"{what} was made live while this run was going on, which began {began}; nothing is "
        "pushed: run again, and the candidate is compared with what is live now"
    )


def _is_there(registry_path: str | os.PathLike[str], entry: Entry) -> bool:
    try:
        model = f"{located(registry_path, entry.pushed_destination)}/saved_model.pb"
    except OutsideError:
        return False
    return bool(remote_files().exists(model)) if is_remote(model) else pathlib.Path(model).exists()
