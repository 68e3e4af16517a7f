"""Folders of a log, local or in an object store, without importing TFX for a local one."""

from __future__ import annotations

import pathlib

from common.atomic_files import is_remote, remote_files


def is_folder(path: str) -> bool:
    """Says whether a folder is there."""
    return bool(remote_files().isdir(path)) if is_remote(path) else pathlib.Path(path).is_dir()


def exists(path: str) -> bool:
    """Says whether a file or folder is there."""
    return bool(remote_files().exists(path)) if is_remote(path) else pathlib.Path(path).exists()


def names_in(folder: str) -> list[str]:
    """Lists a folder, sorted; one that is not there holds nothing."""
    if not is_folder(folder):
        return []
    if not is_remote(folder):
        return sorted(path.name for path in pathlib.Path(folder).iterdir())
    # Object stores end the names of folders with a slash.
    return sorted({str(name).rstrip("/") for name in remote_files().listdir(folder)})
