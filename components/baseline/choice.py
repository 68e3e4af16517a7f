"""Whether the version that a run has to be compared with can be compared, and if not, why.

A version that can't be loaded is damaged or gone, and a registry without entries next to pushed
versions was lost: someone has to know of either. A version that
loads but has other outputs, or needs other columns, is what a changed contract leaves behind. Where
the contract is the one that the version was trained with, that too is damage.
"""

from __future__ import annotations

import dataclasses

from tfx.dsl.io import fileio

from common.version_folders import version_number
from components.model_registry.places import OutsideError, located
from components.model_registry.registry import Entry, entries
from schemas.contract import Contract


@dataclasses.dataclass(frozen=True)
class Choice:
    """The baseline, or why there is none.

    Attributes:
      folder: of the version; empty where it can't be compared.
      version: what has to be compared with; empty where nothing was pushed.
      reason: why there is no baseline; empty where there is one.
      damaged: whether the version can't be loaded, or not be used though the contract is its own.
    """

    folder: str = ""
    version: str = ""
    reason: str = ""
    damaged: bool = False

    @property
    def usable(self) -> bool:
        """Whether there is a baseline."""
        return not self.reason


def choose(
    contract: Contract, schema_digest: str, registry_path: str, entry: Entry | None
) -> Choice:
    """Says whether a registered version can be the baseline.

    Args:
      contract: today's.
      schema_digest: of `contract`, as the registry has it.
      registry_path: the registry file.
      entry: the version to compare with; None where nothing was pushed.
    """
    from components.baseline.probe import why_not

    if entry is None:
        return _nothing_registered(registry_path)
    version = entry.version
    try:
        folder = located(registry_path, entry.pushed_destination)
    except OutsideError as error:
        return _damaged(version, str(error))
    if not fileio.exists(f"{folder}/saved_model.pb"):
        return _damaged(version, f"{folder} holds no model any more")
    problem = why_not(contract, folder)
    if problem is None:
        return Choice(folder, version)
    found = _damaged(version, problem.reason)
    its_own = entry.schema_digest == schema_digest
    return dataclasses.replace(found, damaged=its_own or not problem.loads)


def _damaged(version: str, why: str) -> Choice:
    # What TensorFlow says has several lines.
    reason = f"version {version} can't be used: {' '.join(why.split())}"
    return Choice(version=version, reason=reason, damaged=True)


def _nothing_registered(registry_path: str) -> Choice:
    # All that is registered may be the run's own.
    if not entries(registry_path):
        folder = registry_path.rpartition("/")[0]
        places = [x.rpartition("/")[0] for x in fileio.glob(f"{folder}/serving/*/*/saved_model.pb")]
        numbers = {version_number(place.rpartition("/")[2]): place for place in places}
        versions = [number for number in numbers if number is not None]
        if versions:
            version = max(versions)
            return Choice(
                version=str(version),
                reason=f"version {version} can't be used: {numbers[version]} was pushed, but "
                f"{registry_path} holds no version",
                damaged=True,
            )
    return Choice(reason="no version has been pushed yet")
