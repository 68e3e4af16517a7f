"""Our own source as a digest: what was made by other code is stale."""

from __future__ import annotations

import hashlib
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
"""The folder that holds our packages."""

PACKAGES = ("common", "schemas", "data/log", "serving", "models", "components", "pipeline")
"""What a run's results depend on. Of `data` only the log's reader: adapters, inference and
the synthetic log end where a run begins."""


def code_digest(root: pathlib.Path = ROOT, packages: tuple[str, ...] = PACKAGES) -> str:
    """Returns the SHA-256 over the Python files of our packages (relative path and content).

    Args:
      root: the folder that holds the packages.
      packages: their names.
    """
    sources = [path for package in packages for path in (root / package).rglob("*.py")]
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in sources):
        add_part(digest, name.encode())
        add_part(digest, path.read_bytes())
    return digest.hexdigest()


def add_part(digest: hashlib._Hash, part: bytes) -> None:
    """Adds a part with its length, so that no two lists of parts read the same."""
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
