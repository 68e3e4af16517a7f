"""run_fn from files to files."""

import os
import pathlib
import subprocess
import sys

import pytest
from trainer_arguments import arguments, check_outcome

from common.source_digest import ROOT
from models.training.fingerprint import training_fingerprint
from models.training.run_fn import run_fn


@pytest.mark.e2e
def test_run_fn_held_in_memory(tmp_path: pathlib.Path, transform_dir: str) -> None:
    run_fn(arguments(tmp_path, transform_dir))
    check_outcome(tmp_path)


@pytest.mark.e2e
def test_run_fn_streamed(tmp_path: pathlib.Path, transform_dir: str) -> None:
    run_fn(arguments(tmp_path, transform_dir, rows_in_memory=100))
    check_outcome(tmp_path)


TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import pathlib
import trainer_arguments
from models.training.run_fn import run_fn
folder = pathlib.Path(sys.argv[2])
run_fn(trainer_arguments.arguments(folder, sys.argv[1], optimizer="sgd"))
trainer_arguments.check_outcome(folder)
"""


@pytest.mark.e2e
def test_run_fn_on_two_devices(tmp_path: pathlib.Path, transform_dir: str) -> None:
    here = pathlib.Path(__file__).parent
    paths = os.pathsep.join(map(str, (ROOT, here, here.parent)))
    environment = {**os.environ, "PYTHONPATH": paths, "TF_USE_LEGACY_KERAS": "1"}
    command = [sys.executable, "-c", TWO_DEVICES, transform_dir]
    subprocess.run([*command, str(tmp_path / "two")], env=environment, check=True, timeout=600)


def test_fingerprint_is_of_content_not_of_place(tmp_path: pathlib.Path) -> None:
    def made(name: str, example: bytes = b"rows", graph: bytes = b"graph", seed: int = 0) -> str:
        folder = tmp_path / name
        (folder / "Split-train").mkdir(parents=True)
        (folder / "transform").mkdir()
        (folder / "Split-train" / "data.gz").write_bytes(example)
        (folder / "transform" / "saved_model.pb").write_bytes(graph)
        files = [str(folder / "Split-train" / "data.gz")]
        return training_fingerprint(files, str(folder / "transform"), "schema", {"seed": seed})

    first = made("a")
    assert made("b") == first
    others = [made("c", example=b"swor"), made("d", graph=b"other"), made("e", seed=1)]
    assert len({first, *others}) == 4
