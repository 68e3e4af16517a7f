"""Whether the version that a run has to be compared with can be compared, and if not, why.

A version that can't be loaded is damaged or gone: a loss, which someone has to know of. One that
loads but has other outputs, or needs other columns, is what a changed contract leaves behind. Where
the contract is the one that the version was trained with, that too is damage.
"""

from __future__ import annotations

import dataclasses

from tfx.dsl.io import fileio

from components.model_registry.places import OutsideError, located
from components.model_registry.registry import Entry
from schemas.contract import Contract


@dataclasses.dataclass(frozen=True)
class Choice:
    """The baseline, or why there is none.

    Attributes:
      folder: of the version; empty where it can't be compared.
      reason: why there is none; empty where there is one.
      damaged: whether the version can't be loaded, or not be used though the contract is its own.
    """

    folder: str = ""
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
        return Choice(reason="no version has been pushed yet")
    try:
        folder = located(registry_path, entry.pushed_destination)
    except OutsideError as error:
        return Choice(reason=f"version {entry.version} can't be used: {error}", damaged=True)
    if not fileio.exists(f"{folder}/saved_model.pb"):
        reason = f"version {entry.version} can't be used: {folder} holds no model any more"
        return Choice(reason=reason, damaged=True)
    problem = why_not(contract, folder)
    if problem is None:
        return Choice(folder)
    return Choice(
        # What TensorFlow says has several lines.
        reason=" ".join(f"version {entry.version} can't be used: {problem.reason}".split()),
        damaged=not problem.loads or entry.schema_digest == schema_digest,
    )
