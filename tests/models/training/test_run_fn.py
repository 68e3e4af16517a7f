"""run_fn from files to files."""

import json
import os
import pathlib

import pytest
import tensorflow as tf
from preloaded import Preloaded
from trainer_arguments import arguments, check_outcome

from common.source_digest import ROOT
from models.metrics.binary import weighted_log_loss
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


@pytest.mark.e2e
def test_run_fn_exports_the_calibrated_model(tmp_path: pathlib.Path, transform_dir: str) -> None:
    """The rows for the canary are all of validation, so that their loss is the fit's."""
    given = arguments(tmp_path, transform_dir, max_epochs=1, calibration="platt")
    given.custom_config["canary_rows"] = 150
    run_fn(given)
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    fit = history["calibration"]
    last = history["epochs"][history["best_epoch"]]["validation"]["click"]
    assert fit["validation"]["before"]["click"] == pytest.approx(last, abs=1e-6)
    assert fit["validation"]["after"]["click"]["logloss"] < last["logloss"]
    assert set(fit["outputs"]["click"]) == {"*", "home", "search", "cart"}

    spec = {"click": tf.io.FixedLenFeature([], tf.int64)}
    spec["weight"] = tf.io.FixedLenFeature([], tf.float32)
    records = tf.data.TFRecordDataset(str(tmp_path / "run/canary/examples.tfrecord"))
    examples = tf.constant(list(records.as_numpy_iterator()))
    labels = tf.io.parse_example(examples, spec)
    model = tf.saved_model.load(str(tmp_path / "Format-Serving"))
    scores = model.signatures["serving_default"](examples)["click"].numpy()
    loss = weighted_log_loss(labels["click"].numpy(), scores, labels["weight"].numpy())
    assert loss == pytest.approx(fit["validation"]["after"]["click"]["logloss"], abs=1e-6)
    check_outcome(tmp_path, rows=150)


@pytest.mark.e2e
def test_run_fn_on_two_devices(
    preloaded: Preloaded, tmp_path: pathlib.Path, transform_dir: str
) -> None:
    here = pathlib.Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(here.parent)])}
    words = [transform_dir, str(tmp_path / "two")]
    script, log = str(here / "two_devices_script.py"), tmp_path / "log"
    program = preloaded.start(script, words, cwd=ROOT, env=environment, err=log)
    assert program.wait() == 0, log.read_text()[-3000:]


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
