"""Our own source as a digest: what was made by other code is stale."""

from __future__ import annotations

import hashlib
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
"""The folder that holds our packages."""

PACKAGES = ("common", "schemas", "data", "serving", "models", "components", "pipeline")
"""What a run's artifacts depend on. They are named, since an installation holds them next to
other distributions' packages."""

WITHOUT_EFFECT = ("data/adapters", "data/history", "data/inference", "data/synthetic")
"""Sub-packages that no artifact of a run depends on: they end where a run begins."""


def code_digest(root: pathlib.Path = ROOT, packages: tuple[str, ...] | None = None) -> str:
    """Returns the SHA-256 over the Python files of our packages (relative path and content).

    Args:
      root: the folder that holds the packages.
      packages: the names of those that count, with everything below them; None for what a run's
        artifacts depend on: PACKAGES, except for WITHOUT_EFFECT.
    """
    left_out = [root / folder for folder in WITHOUT_EFFECT] if packages is None else []
    sources = [
        path
        for package in packages or PACKAGES
        for path in (root / package).rglob("*.py")
        if not any(folder in path.parents for folder in left_out)
    ]
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in sources):
        add_part(digest, name.encode())
        add_part(digest, path.read_bytes())
    return digest.hexdigest()


def add_part(digest: hashlib._Hash, part: bytes) -> None:
    """Adds a part with its length, so that no two lists of parts read the same."""
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
