"""Fetches MovieLens-100K, which the PyPI wheel of RecBole carries as an example, at run time.

Nothing of it is part of this repository, and RecBole is not installed: pip downloads the wheel
into the user's cache, where only the files that are needed are kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from common.atomic_files import whole_folder
from common.errors import BadDataError, PolyrankError

VERSION = "1.2.1"
SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
REQUIREMENT = f"recbole=={VERSION}"
FOLDER = "recbole/dataset_example/ml-100k"
FILES = ("ml-100k.inter", "ml-100k.item", "ml-100k.user")
PAGE = f"https://pypi.org/project/recbole/{VERSION}/#files"

_OFFLINE = (
    f"Without a network, unpack {FOLDER} of the wheel at {PAGE} on another machine and name "
    "that folder (`polyrank data movielens --source FOLDER`, `polyrank run --data FOLDER`)"
)

logger = logging.getLogger(__name__)


class DownloadError(PolyrankError):
    """The wheel could not be had from the package index."""


def cache_folder() -> pathlib.Path:
    """The files' folder in the user's cache (`XDG_CACHE_HOME`, else `~/.cache`)."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "polyrank" / f"recbole-{VERSION}-ml-100k"


def fetch(folder: pathlib.Path | None = None) -> pathlib.Path:
    """Returns a folder of MovieLens-100K's files; downloads them where it is not there yet.

    pip does the download, so its settings (index, proxy, certificates, retries) hold. The
    folder takes its name once it is complete.

    Args:
      folder: where the files are kept; None for `cache_folder()`.

    Raises:
      DownloadError: pip is missing, or could not get the wheel.
      BadDataError: the wheel is not the one whose digest is known, or lacks a file.
    """
    folder = folder or cache_folder()
    if folder.is_dir():
        return folder
    try:
        with whole_folder(folder) as unpacked, tempfile.TemporaryDirectory() as temporary:
            wheel = _download(pathlib.Path(temporary))
            _unpack(wheel, unpacked)
    except OSError:
        # Where another process was faster, the files are the same.
        if not folder.is_dir():
            raise
    logger.info("unpacked %s to %s", wheel.name, folder)
    return folder


def _pip() -> list[str]:
    """The command that runs pip: this Python's own, else one on PATH."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise DownloadError(
            f"MovieLens-100K comes from the wheel {REQUIREMENT}, and there is no pip to download "
            f"it with; install pip into {sys.prefix}. {_OFFLINE}"
        )
    return [found]


def _download(folder: pathlib.Path) -> pathlib.Path:
    """Downloads the wheel into `folder` and checks its digest."""
    command = [
        *_pip(), "download", REQUIREMENT, "--no-deps", "--only-binary=:all:", "--no-input",
        "--disable-pip-version-check", "--progress-bar=off", f"--dest={folder}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        # pip names the indexes where they are not PyPI alone, with passwords masked.
        looked = [line for line in done.stdout.splitlines() if line.startswith("Looking in")]
        output = "\n  ".join([*looked, *done.stderr.strip().splitlines()[-4:]])
        raise DownloadError(
            f"MovieLens-100K comes from the wheel {REQUIREMENT} ({PAGE}), and pip could not "
            f"download it:\n  {output}\nIts settings decide where it looks (`pip config list`). "
            f"{_OFFLINE}"
        )
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != SHA256:
        raise BadDataError(
            f"the package index gave a {wheels[0].name} with sha256 {digest}; want {SHA256}. It "
            f"was not used: ask another index (PIP_INDEX_URL). {_OFFLINE}"
        )
    return wheels[0]


def _unpack(wheel: pathlib.Path, out: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            try:
                content = archive.read(f"{FOLDER}/{name}")
            except KeyError:
                raise BadDataError(f"{wheel.name} holds no {FOLDER}/{name}") from None
            (out / name).write_bytes(content)
