"""run_fn from files to files."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from trainer_arguments import arguments

from models.fingerprint import training_fingerprint
from models.trainer import run_fn


def check_outcome(folder: pathlib.Path, tolerance: float = 1e-6) -> None:
    """The files a pipeline reads are there, and the SavedModel gives the trainer's scores."""
    history = json.loads((folder / "run" / "history.json").read_text())
    assert history["epochs"][history["best_epoch"]]["validation"]["click"]["auc"] > 0.6
    assert not list((folder / "checkpoints").iterdir())
    assert (folder / "Format-Serving/assets.extra/tf_serving_warmup_requests").is_file()
    records = tf.data.TFRecordDataset(str(folder / "run/canary/examples.tfrecord"))
    examples = tf.constant(list(records.as_numpy_iterator()))
    signature = tf.saved_model.load(str(folder / "Format-Serving")).signatures["serving_default"]
    found = signature(examples)
    with np.load(folder / "run/canary/scores.npz") as scores:
        assert set(scores.files) == {"click", "buy_given_click", "click_and_buy"}
        for output in scores.files:
            assert len(scores[output]) == 40
            np.testing.assert_allclose(
                found[output].numpy(), scores[output], rtol=0, atol=tolerance
            )


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
sys.path.insert(0, sys.argv[1])
import pathlib
import test_trainer
import trainer_arguments
from models.trainer import run_fn
folder = pathlib.Path(sys.argv[3])
run_fn(trainer_arguments.arguments(folder, sys.argv[2], optimizer="sgd"))
test_trainer.check_outcome(folder)
"""


@pytest.mark.e2e
def test_run_fn_on_two_devices(tmp_path: pathlib.Path, transform_dir: str) -> None:
    here = pathlib.Path(__file__)
    environment = {**os.environ, "PYTHONPATH": str(here.parents[2]), "TF_USE_LEGACY_KERAS": "1"}
    command = [sys.executable, "-c", TWO_DEVICES, str(here.parent), transform_dir]
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
