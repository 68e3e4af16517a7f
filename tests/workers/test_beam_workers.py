"""The whole pipeline with Beam workers that have the locked environment and our sdist only.

`make e2e-workers` runs it: it makes an environment of its own, and takes minutes.
"""

import collections
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import apache_beam as beam
import pytest
import yaml
from apache_beam.options.pipeline_options import PipelineOptions
from option_sets import PORTABLE, option_sets
from ports import free_ports, wait_for_port

pytestmark = pytest.mark.workers

ROOT = pathlib.Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
# Of the stack that these tests run on: docs/stacks.md.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LOCK = "tfx{}{}.txt".format(*importlib.metadata.version("tfx").split("."))
CLEAN = {
    "PATH": "/usr/bin:/bin",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}


def done(*words, **options):
    process = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=3000, **options
    )
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout


@pytest.fixture(scope="module")
def worker_python(tmp_path_factory):
    """The Python of an environment made from the lock and the sdist, and from nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "venv" / "bin" / "python"
    done(sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", folder, cwd=ROOT)
    (sdist,) = folder.glob("polyrank-*.tar.gz")
    done(UV, "venv", "--quiet", "--python", PYTHON, folder / "venv")
    lock = ROOT / "requirements" / LOCK
    done(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock)
    done(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", sdist)
    return python


@pytest.fixture(scope="module")
def pool(worker_python, tmp_path_factory):
    """A worker pool far from the repository; (its port, its log)."""
    folder = tmp_path_factory.mktemp("pool")
    (port,) = free_ports(1)
    command = [worker_python, "-m", "apache_beam.runners.worker.worker_pool_main"]
    # It starts workers by the name `python`.
    path = f"{worker_python.parent}{os.pathsep}{CLEAN['PATH']}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, f"--service_port={port}"],
            cwd=folder,
            env={**CLEAN, "PATH": path, "HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_port(port, process, folder / "log")
        yield port, folder / "log"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def beam_args(pool):
    """The documented options, with this pool's port and this checkout's setup file."""
    addresses = {
        "--environment_config": f"localhost:{pool[0]}",
        "--setup_file": str(ROOT / "setup.py"),
    }
    given = [argument.partition("=") for argument in option_sets()[PORTABLE]]
    assert set(addresses) <= {name for name, _, _ in given}
    return [f"{name}={addresses.get(name, value)}" for name, _, value in given]


def test_a_worker_has_our_code_from_the_sdist(beam_args, worker_python, tmp_path):
    # Functions of Python's own: a worker has nothing of this test.
    names = ("schemas", "models.features.preprocessing", "components.impression_example_gen.shard")
    with beam.Pipeline(options=PipelineOptions(beam_args)) as pipeline:
        specs = pipeline | beam.Create(names) | beam.Map(importlib.util.find_spec)
        _ = specs | beam.Map(repr) | beam.io.WriteToText(str(tmp_path / "found"))
    found = "".join(path.read_text() for path in tmp_path.glob("found*")).splitlines()
    packages = f"{worker_python.parents[1]}/lib/python{PYTHON}/site-packages/"
    assert len(found) == 3 and all(f"origin='{packages}" in spec for spec in found), found


def requests(run_log, port):
    """Component -> how many workers of this pool its Beam pipelines asked for."""
    asked, running = collections.Counter(), None
    for line in run_log.read_text().splitlines():
        if named := re.search(r"Component (\w+) is running\.$", line):
            running = named[1]
        # Named, because the job server's log comes a second time, as that of no module.
        elif line.endswith(f".worker_handlers: Requesting worker at localhost:{port}"):
            asked[running] += 1
    return asked


def test_every_beam_component_runs_in_the_workers(beam_args, pool, tmp_path):
    polyrank = pathlib.Path(sys.executable).with_name("polyrank")
    words = ("--rows", "6000", "--days", "4", "--start", "2026-01-01", "--seed", "3")
    done(polyrank, "data", "synthetic", "--out", tmp_path / "log", *words)
    config = {
        "name": "small",
        "data": {
            "path": "log",
            "schema_path": str(ROOT / "schemas" / "synthetic" / "schema.pbtxt"),
        },
        "window": {"end": "2026-01-04", "train_spans": 3, "eval_spans": 1},
        "model": {"name": "shared_bottom", "embedding_dim": 4},
        "training": {"max_epochs": 1, "batch_size": 256},
        "references": {"enabled": False},
        "gate": {
            "auc_at_least": 0,
            "calibration_between": [0.01, 100],
            "min_positives": 5,
            "must_have_data": [],
        },
        "beam_pipeline_args": beam_args,
    }
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config))
    port, log = pool
    before = log.read_text().count("Starting worker")
    place = tmp_path / "work"
    # The log has the requests for workers, which are Beam's INFO, with --debug only.
    words = ("--config", tmp_path / "my.yaml", "--work-dir", place)
    printed = done(polyrank, "--debug", "run", *words)
    assert "pushed: version" in printed
    (run_log,) = (place / "runs").glob("*/run.log")
    asked = requests(run_log, port)
    assert set(asked) == {"ImpressionExampleGen", "StatisticsGen", "Transform", "Evaluator"}
    assert log.read_text().count("Starting worker") - before == asked.total()
