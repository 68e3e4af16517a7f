"""The folder that a model is served from."""

from __future__ import annotations

import pathlib

from cli.common.folder_names import check_work_folder_name
from common.errors import PolyrankError
from pipeline.locations import Locations
from serving.loading.version_files import versions_on_disk


def served_folder(
    work_dir: str | pathlib.Path,
    model_name: str,
    model_base_path: str | pathlib.Path | None = None,
) -> pathlib.Path:
    """Returns the folder of a model's numbered versions.

    Args:
      work_dir: the work folder of the runs that pushed the model.
      model_name: the served model's name.
      model_base_path: that folder itself; `work_dir` is then not looked at.

    Raises:
      PolyrankError: the folder holds no version, or has a name that TensorFlow can't read.
    """
    option = "--model-base-path" if model_base_path else "--work-dir"
    check_work_folder_name(model_base_path or work_dir, option)
    folder = pathlib.Path(model_base_path or Locations(str(work_dir), model_name).serving_dir)
    if not folder.is_dir() or not versions_on_disk(folder):
        raise PolyrankError(
            f"{folder} holds no model version; run 'polyrank run' first, or give "
            "--model-base-path or --work-dir"
        )
    return folder
