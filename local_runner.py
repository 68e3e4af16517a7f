"""Runs the pipeline on this machine; the file that `tfx ... --engine=local` is pointed at.

The `tfx` command passes no parameters, so they come from the environment:
POLYRANK_CONFIG (a YAML file or a preset's name; default: synthetic),
POLYRANK_DATA (folder of span=YYYY-MM-DD folders), POLYRANK_WORK_DIR (default: work/run).
"""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from tfx.orchestration.local.local_dag_runner import LocalDagRunner  # noqa: E402

from pipeline.config_files import load_config  # noqa: E402
from pipeline.local import local_pipeline  # noqa: E402
from pipeline.outcome import plain_errors  # noqa: E402
from pipeline.presets import config_path  # noqa: E402


def run() -> None:
    """Builds the configured pipeline and runs it."""
    source = config_path(os.environ.get("POLYRANK_CONFIG", "synthetic"))
    config = load_config(source, data_path=os.environ.get("POLYRANK_DATA"))
    work_dir = os.environ.get("POLYRANK_WORK_DIR", "work/run")
    LocalDagRunner().run(local_pipeline(config, work_dir))


if __name__ == "__main__":
    with plain_errors():
        run()
