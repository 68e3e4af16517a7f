"""Names of folders that a command can't write to, refused before any work is done."""

from __future__ import annotations

import os
import pathlib

from common.atomic_files import is_remote
from common.errors import PolyrankError

_PATTERN = "*?[\\"
"""TFX, Beam and TensorFlow read these as parts of a pattern of files."""


def check_home_sign(folder: str | os.PathLike[str], option: str) -> None:
    """Refuses `~/…`, which nothing replaces after `--option=`: it would be a folder called ~.

    Raises:
      PolyrankError: `folder` is the home folder's sign, or begins with it.
    """
    address = os.fspath(folder)
    if address == "~" or address.startswith("~/"):
        raise PolyrankError(
            f"{option} is '{address}': only a shell replaces ~ by the home folder, and only at the "
            f"start of a word; write {pathlib.Path.home()}{address[1:]}, or {pathlib.Path.cwd()}/"
            f"{address} for a folder called ~"
        )


def check_work_folder_name(folder: str | os.PathLike[str], option: str = "--work-dir") -> None:
    """Refuses a work folder in which a run would fail after minutes.

    Args:
      folder: local or remote; it need not exist.
      option: of the command line, which names another folder.

    Raises:
      PolyrankError: its path has a character that file patterns are made of, a control character,
        or bytes that are no UTF-8; or it begins with `~/`.
    """
    check_home_sign(folder, option)
    address = os.fspath(folder)
    path = address if is_remote(address) else str(pathlib.Path(address).resolve())
    try:
        path.encode()
    except UnicodeEncodeError:
        raise PolyrankError(
            f"{option} is {os.fsencode(path)!r}, which is not UTF-8; give another folder"
        ) from None
    wrong = [letter for letter in path if letter in _PATTERN or not letter.isprintable()]
    if wrong:
        raise PolyrankError(
            f"{option} is {path!r}, with {wrong[0]!r} in it; TFX and TensorFlow take *, ?, [ and "
            "\\ for patterns of files and can't read control characters: give a folder without them"
        )
