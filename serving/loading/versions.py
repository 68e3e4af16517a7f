"""The versions of one model on disk, and the one of them that serves.

The policy is TF Serving's default: the newest version serves. A new version is loaded and warmed
up while the old one serves, then takes over at once; the old one is unloaded when the last
request on it has ended. A version that can't be loaded never keeps a good one from being served:
the one that serves stays, and where there is none, the next older one is loaded. The failure is
reported. The version is tried again as soon as a file of it has changed, which also covers one
that is still being copied, and after a wait that doubles with every failure.

Unlike TF Serving's, a version that serves goes on where its disk fails, and where no version is
left at all: an empty mount point looks the same as a folder whose versions were removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import logging
import pathlib
import threading
import time
from collections.abc import Callable, Iterator

import grpc

from serving.errors import ModelLoadError, RequestError
from serving.loading.loader import LoadedModel
from serving.loading.version_files import Files, files_of, versions_on_disk, warn_once

_LOG = logging.getLogger(__name__)
_LONGEST_RETRY_SECONDS = 600.0


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


@dataclasses.dataclass(frozen=True)
class _Failure:
    files: Files
    wait: float
    """Seconds until the version is tried again."""
    until: float


class Versions:
    """Keeps the newest version of the model `name` below `base_path` in service."""

    def __init__(
        self,
        name: str,
        base_path: str | pathlib.Path,
        load: Callable[[pathlib.Path, int], LoadedModel],
        retry_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sets the manager up; `refresh` or `watch` makes it look at the disk.

        Args:
          name: the model's name.
          base_path: the folder of version folders; need not exist yet.
          load: loads and warms up the version in a folder, or raises.
          retry_seconds: from the first failure of a version to the second attempt.
          clock: returns seconds.
        """
        self.name = name
        self.base_path = pathlib.Path(base_path)
        self._load = load
        self._retry_seconds = retry_seconds
        self._clock = clock
        self.looked = threading.Event()
        """Set once `watch` has looked, and loaded what it found or could not."""
        self._refreshing = threading.Lock()
        self._lock = threading.Lock()
        self._serving: _Serving | None = None
        self._statuses: dict[int, VersionStatus] = {}
        self._failures: dict[int, _Failure] = {}
        self._lost = False

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
        """Looks at the disk once, and loads or unloads what follows from it.

        Callers at the same time wait for each other, so that a version is loaded once.
        """
        with self._refreshing:
            live = self._serving.version if self._serving else None
            try:
                found = versions_on_disk(self.base_path, live)
            except OSError as error:
                # A disk that is away for a moment is no order to unload.
                self._lose(f"{self.base_path} can't be read, trying again: {error}")
                return
            if not found and live is not None:
                self._lose(f"{self.base_path} holds no version any more, {live} serves on")
                return
            self._lost = False
            self._failures = {v: failure for v, failure in self._failures.items() if v in found}
            for version in sorted(found, reverse=True):
                if version == live or self._take(version, found[version]):
                    return

    def _lose(self, text: str) -> None:
        if not self._lost:
            _LOG.warning("%s", text)
        self._lost = True

    def _take(self, version: int, folder: pathlib.Path) -> bool:
        """Puts a version into service; False where it can't be loaded, or not yet again."""
        try:
            # Read before loading: what is copied meanwhile must count as a change.
            files = files_of(folder)
        except OSError as error:  # It was removed while it was looked at.
            warn_once(f"{folder} can't be read, trying again: {error}")
            return False
        before = self._failures.get(version)
        if before is not None and before.files == files and self._clock() < before.until:
            return False
        self._set_status(version, VersionStatus(State.LOADING))
        try:
            model = self._load(folder, version)
        except Exception as error:
            wait = self._retry_seconds
            if before is not None and before.files == files:
                wait = min(2 * before.wait, max(_LONGEST_RETRY_SECONDS, wait))
            self._failures[version] = _Failure(files, wait, self._clock() + wait)
            self._report(version, error, wait)
            return False
        self._failures.pop(version, None)
        self._replace(_Serving(version, model))
        _LOG.info("version %d of %s is available", version, self.name)
        return True

    def _report(self, version: int, error: Exception, wait: float) -> None:
        foreseen = isinstance(error, ModelLoadError)
        text = str(error) if foreseen else f"{type(error).__name__}: {error}"
        _LOG.error(
            "version %d of %s stays out of service, next attempt in %g s or when its files "
            "change: %s",
            *(version, self.name, wait, text),
            exc_info=None if foreseen else error,
        )
        self._set_status(version, VersionStatus(State.END, text))

    def watch(self, stop: threading.Event, every_seconds: float) -> None:
        """Refreshes until `stop` is set, then unloads what serves."""
        while True:
            try:
                self.refresh()
            except Exception:  # Without its watcher a server would never see a version again.
                _LOG.exception("versions in %s can't be followed, trying again", self.base_path)
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
        try:
            serving.model.close()
        except Exception:  # The request that was its last is answered, and the new one serves.
            _LOG.exception("version %d of %s can't be unloaded", serving.version, self.name)
        self._set_status(serving.version, VersionStatus(State.END))
        _LOG.info("version %d of %s is unloaded", serving.version, self.name)

    def _set_status(self, version: int, status: VersionStatus) -> None:
        with self._lock:
            self._statuses[version] = status
