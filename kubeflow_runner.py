"""Compiles the pipeline for Kubeflow v2; `tfx pipeline compile --engine=vertex` is pointed at it.

POLYRANK_CONFIG (a YAML file or a preset's name), POLYRANK_DATA (the folder of spans; else the
configuration's, else /polyrank/data) and POLYRANK_WORK_DIR (both as the cluster sees them, such
as gs://bucket/polyrank),
POLYRANK_IMAGE (the pipeline's container image), POLYRANK_SPEC (the file to write).
Next to it `.parameters.json` is written: what a run of this configuration passes. A run passes
`state-token` too, a new value each time, such as its own id.
"""

import os
import pathlib

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from common.json_files import write_json  # noqa: E402
from pipeline.config_files import load_config  # noqa: E402
from pipeline.kubeflow.spec import kubeflow_pipeline, write_spec  # noqa: E402
from pipeline.outcome import plain_errors  # noqa: E402
from pipeline.presets import config_path  # noqa: E402
from pipeline.run_parameters import cluster_values  # noqa: E402


def run() -> None:
    """Writes the compiled pipeline spec (KFP IR YAML, spec 2.1) and a run's parameters."""
    source = config_path(os.environ.get("POLYRANK_CONFIG", "synthetic"))
    config = load_config(source, data_path=os.environ.get("POLYRANK_DATA"))
    if config.data.path is None:
        config = load_config(source, data_path="/polyrank/data")
    spec = pathlib.Path(os.environ.get("POLYRANK_SPEC", "polyrank.yaml"))
    write_spec(
        kubeflow_pipeline(config, os.environ.get("POLYRANK_WORK_DIR", "/polyrank/work")),
        os.environ.get("POLYRANK_IMAGE", "polyrank/pipeline:latest"),
        spec,
    )
    write_json(spec.with_suffix(".parameters.json"), cluster_values(config))


if __name__ == "__main__":
    with plain_errors():
        run()
