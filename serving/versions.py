"""The versions of one model on disk, and the one of them that serves.

The policy is TF Serving's default: the newest version serves. A new version is loaded
and warmed up beside the old one, then takes over at once; the old one is unloaded when
the last request on it has ended. A version that can't be loaded changes nothing for the
requests: it is reported, and tried again as soon as a file of it has changed. A version
that is still being copied is such a one: whoever pushes it need not rename it into place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import logging
import pathlib
import threading
from collections.abc import Callable, Iterator

import grpc

from serving.errors import ModelLoadError, RequestError
from serving.loader import LoadedModel

_LOG = logging.getLogger(__name__)


class State(enum.IntEnum):
    """A version's state, with the numbers of TF Serving's ModelVersionStatus."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """A version's state; `error` says why it could not be loaded, else it is empty."""

    state: State
    error: str = ""


@dataclasses.dataclass
class _Serving:
    version: int
    model: LoadedModel
    requests: int = 0
    retired: bool = False


def versions_on_disk(base_path: pathlib.Path) -> dict[int, pathlib.Path]:
    """The complete versions below `base_path`: folders named by a number with a model inside."""
    if not base_path.is_dir():
        return {}
    return {
        int(folder.name): folder
        for folder in base_path.iterdir()
        if folder.name.isdecimal() and (folder / "saved_model.pb").is_file()
    }


def _files(folder: pathlib.Path) -> frozenset[tuple[str, int, int]]:
    """The name, size and time of change of every file of a version."""
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((str(path), status.st_size, status.st_mtime_ns) for path, status in files)


class Versions:
    """Keeps the newest version of the model `name` below `base_path` in service."""

    def __init__(
        self,
        name: str,
        base_path: str | pathlib.Path,
        load: Callable[[pathlib.Path, int], LoadedModel],
    ) -> None:
        """Sets the manager up; `refresh` or `watch` makes it look at the disk.

        Args:
          name: the model's name.
          base_path: the folder of version folders; need not exist yet.
          load: loads and warms up the version in a folder, or raises ModelLoadError.
        """
        self.name = name
        self._base_path = pathlib.Path(base_path)
        self._load = load
        self.looked = threading.Event()
        """Set once `watch` has looked, and loaded what it found or could not."""
        self._lock = threading.Lock()
        self._serving: _Serving | None = None
        self._statuses: dict[int, VersionStatus] = {}
        self._failed: dict[int, frozenset[tuple[str, int, int]]] = {}

    def statuses(self) -> dict[int, VersionStatus]:
        """Every version seen so far and its state, the newest first."""
        with self._lock:
            return dict(sorted(self._statuses.items(), reverse=True))

    @contextlib.contextmanager
    def borrow(self, version: int | None = None) -> Iterator[tuple[int, LoadedModel]]:
        """Lends the serving version for one request; it stays loaded until given back.

        Args:
          version: the version wanted, None for whichever serves.

        Raises:
          RequestError: NOT_FOUND where that version does not serve.
        """
        with self._lock:
            serving = self._serving
            if serving is None or version not in (None, serving.version):
                wanted = f"Latest({self.name})"
                if version is not None:
                    wanted = f"Specific({self.name}, {version})"
                raise RequestError(
                    grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
                )
            serving.requests += 1
        try:
            yield serving.version, serving.model
        finally:
            with self._lock:
                serving.requests -= 1
                unused = serving.retired and serving.requests == 0
            if unused:
                self._unload(serving)

    def refresh(self) -> None:
        """Looks at the disk once, and loads or unloads what follows from it."""
        found = versions_on_disk(self._base_path)
        if not found:
            self._replace(None)
            return
        version = max(found)
        if self._serving is not None and self._serving.version == version:
            return
        # Read before loading: what is copied meanwhile must count as a change.
        files = _files(found[version])
        if self._failed.get(version) == files:
            return
        self._set_status(version, VersionStatus(State.LOADING))
        try:
            model = self._load(found[version], version)
        except ModelLoadError as error:
            _LOG.error("version %d of %s stays out of service: %s", version, self.name, error)
            self._failed = {version: files}
            self._set_status(version, VersionStatus(State.END, str(error)))
            return
        self._failed = {}
        self._replace(_Serving(version, model))
        _LOG.info("version %d of %s is available", version, self.name)

    def watch(self, stop: threading.Event, every_seconds: float) -> None:
        """Refreshes until `stop` is set, then unloads what serves."""
        while True:
            try:
                self.refresh()
            except OSError as error:  # A version folder was removed while it was looked at.
                _LOG.warning("%s can't be read, trying again: %s", self._base_path, error)
            except Exception:  # Without its watcher a server would never see a version again.
                _LOG.exception("versions in %s can't be followed, trying again", self._base_path)
            self.looked.set()
            if stop.wait(every_seconds):
                break
        self._replace(None)

    def _replace(self, serving: _Serving | None) -> None:
        with self._lock:
            old, self._serving = self._serving, serving
            if serving is not None:
                self._statuses[serving.version] = VersionStatus(State.AVAILABLE)
            if old is None:
                return
            old.retired = True
            self._statuses[old.version] = VersionStatus(State.UNLOADING)
            unused = old.requests == 0
        if unused:
            self._unload(old)

    def _unload(self, serving: _Serving) -> None:
        serving.model.close()
        self._set_status(serving.version, VersionStatus(State.END))
        _LOG.info("version %d of %s is unloaded", serving.version, self.name)

    def _set_status(self, version: int, status: VersionStatus) -> None:
        with self._lock:
            self._statuses[version] = status
