"""Where a run keeps things: one work folder, on a laptop or in a bucket."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Locations:
    """The places below one work folder.

    Attributes:
      work_dir: an absolute path, or any path that TFX's fileio knows.
      model_name: the served model's name.
    """

    work_dir: str
    model_name: str

    def _below(self, *parts: str) -> str:
        return "/".join((self.work_dir.rstrip("/"), *parts))

    @property
    def pipeline_root(self) -> str:
        """The components' artifacts."""
        return self._below("artifacts")

    @property
    def metadata_path(self) -> str:
        """ML Metadata's SQLite file."""
        return self._below("metadata.sqlite")

    @property
    def serving_dir(self) -> str:
        """The folder of version folders that TF Serving watches."""
        return self._below("serving", self.model_name)

    @property
    def registry_path(self) -> str:
        """The registry of pushed versions."""
        return self._below("registry.json")

    @property
    def checkpoint_dir(self) -> str:
        """Checkpoints of trainings that are not finished."""
        return self._below("checkpoints")

    @property
    def runs_dir(self) -> str:
        """One folder a run: its log and its result."""
        return self._below("runs")

    @property
    def data_dir(self) -> str:
        """Spans that an adapter made for this work folder."""
        return self._below("data")

    @property
    def features_dir(self) -> str:
        """Transformed rows that the trials of comparisons share."""
        return self._below("features")
