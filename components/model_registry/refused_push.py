"""Why a run may not push: the registry's live version is not the one it can be compared with."""

from common.errors import PolyrankError


class RefusedPushError(PolyrankError):
    """The live version can't be loaded, or is no longer the one that the run was compared with."""
