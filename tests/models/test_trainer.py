"""run_fn from files to files."""

import json
import os
import pathlib
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_log import SCHEMA, made_rows, write_split

from models.fingerprint import training_fingerprint
from models.trainer import run_fn


def arguments(folder: pathlib.Path, transform_dir: str, **training: Any) -> types.SimpleNamespace:
    """What TFX hands to run_fn, for 640 train and 150 validation rows below `folder`."""
    train = write_split(folder / "Split-train", made_rows(640, seed=1))
    validation = write_split(folder / "Split-validation", made_rows(150, seed=2))
    (folder / "schema.pbtxt").write_text(SCHEMA)
    return types.SimpleNamespace(
        train_files=[train],
        eval_files=[validation],
        transform_graph_path=transform_dir,
        schema_path=str(folder / "schema.pbtxt"),
        serving_model_dir=str(folder / "Format-Serving"),
        model_run_dir=str(folder / "run"),
        custom_config={
            "model": {
                "name": "shared_bottom",
                "bottom_units": [8],
                "dropout": 0.2,
                "l2_per": "value",
                "embedding_l2": 0.5,
                "wide_l2": 0.5,
            },
            "training": {"batch_size": 64, "max_epochs": 2, "learning_rate": 0.01, **training},
            "checkpoint_dir": str(folder / "checkpoints"),
            "model_name": "polyrank",
            "canary_rows": 40,
            "code_digest": "0",
        },
    )


def check_outcome(folder: pathlib.Path) -> None:
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
            np.testing.assert_allclose(found[output].numpy(), scores[output], rtol=0, atol=1e-6)


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
from models.trainer import run_fn
folder = pathlib.Path(sys.argv[3])
run_fn(test_trainer.arguments(folder, sys.argv[2], optimizer="sgd"))
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
