"""Where a registered version lies: below the folder of its registry, wherever that is now.

The registry holds paths relative to its own folder, the work folder. Registries of earlier
revisions hold absolute ones, which lead back to the first folder after a copy or a move: of
them the part from `serving` on counts.
"""

from __future__ import annotations

import os
import pathlib

from common.atomic_files import is_remote
from common.errors import PolyrankError

_SERVING = "serving"
_PARTS = 3
"""A version lies in `serving/NAME/VERSION`."""


class OutsideError(PolyrankError):
    """A version that does not lie below the folder of its registry."""


def relative_place(registry_path: str | os.PathLike[str], place: str) -> str:
    """Returns a version's folder as the registry holds it, relative to the registry's folder.

    Args:
      registry_path: the registry, local or remote.
      place: the version's folder, absolute or as the registry holds it.

    Raises:
      OutsideError: it does not lie below the registry's folder; links are followed.
    """
    return located(registry_path, place)[len(_folder(registry_path)) + 1 :]


def located(registry_path: str | os.PathLike[str], place: str) -> str:
    """Returns the absolute path of a version's folder; nothing need be there.

    Args:
      registry_path: the registry, local or remote.
      place: as the registry holds it: relative to the registry's folder, or, of an earlier
        revision, absolute.

    Raises:
      OutsideError: it does not lie below the registry's folder; links are followed.
    """
    folder = _folder(registry_path)
    below = _below(folder, place)
    if below is None or ".." in below.split("/"):
        raise OutsideError(
            f"{place} lies outside of {folder}, the folder of {os.fspath(registry_path)}; copy it "
            f"to {folder}/{_SERVING}/NAME/VERSION and write that path, relative to {folder}, into "
            "the registry"
        )
    path = f"{folder}/{below}"
    if not is_remote(path):
        _check_links(folder, path)
    return path


def _folder(registry_path: str | os.PathLike[str]) -> str:
    address = os.fspath(registry_path)
    if not is_remote(address):
        address = os.path.abspath(address)  # noqa: PTH100 - links are kept.
    return address.rpartition("/")[0]


def _below(folder: str, place: str) -> str | None:
    """The part of a path that is relative to `folder`; None where there is none."""
    if not is_remote(place) and not pathlib.PurePosixPath(place).is_absolute():
        return place
    if place.startswith(f"{folder}/"):
        return place[len(folder) + 1 :]
    if not is_remote(folder) and not is_remote(place):
        # The same folder by another name: a link to it.
        real, real_place = pathlib.Path(folder).resolve(), pathlib.Path(place).resolve()
        if real_place.is_relative_to(real):
            return real_place.relative_to(real).as_posix()
    last = place.rstrip("/").split("/")[-_PARTS:]
    return "/".join(last) if last[0] == _SERVING else None


def _check_links(folder: str, path: str) -> None:
    real, real_path = pathlib.Path(folder).resolve(), pathlib.Path(path).resolve()
    if not real_path.is_relative_to(real):
        raise OutsideError(
            f"{path} leads to {real_path}, outside of {real}: what is made live here would be "
            "made live there; put a folder in place of the link, or mount the other one"
        )
