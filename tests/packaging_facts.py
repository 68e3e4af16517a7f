"""What setup.py distributes."""

from __future__ import annotations

import os
import pathlib
import runpy
from typing import Any
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[1]


def setup_arguments() -> dict[str, Any]:
    """The keyword arguments that setup.py passes to setuptools."""
    before = pathlib.Path.cwd()
    os.chdir(ROOT)  # find_packages looks into the current folder.
    try:
        with mock.patch("setuptools.setup") as setup:
            runpy.run_path(str(ROOT / "setup.py"))
    finally:
        os.chdir(before)
    return dict(setup.call_args.kwargs)


def distributed_packages() -> list[str]:
    """The names of all packages, sub-packages included, sorted."""
    return sorted(setup_arguments()["packages"])
