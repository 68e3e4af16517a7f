"""How much of what runs leave behind is kept."""

from __future__ import annotations

import pydantic

from common.settings import Settings


class RetentionConfig(Settings):
    """What local runs keep; older runs and versions are pruned when a run ends.

    Attributes:
      keep_runs: the newest so many runs keep their log, their result and their artifacts; None
        keeps all.
      keep_versions: the newest so many pushed versions keep their files; None keeps all. The live
        version and the one before it are always kept.
    """

    keep_runs: int | None = pydantic.Field(default=None, ge=1)
    keep_versions: int | None = pydantic.Field(default=None, ge=2)
