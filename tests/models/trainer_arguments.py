"""What TFX hands to the Trainer's run_fn, made by hand."""

import json
import pathlib
import types
from typing import Any

import numpy as np
import tensorflow as tf
from small_log import SCHEMA, made_rows, write_split


def arguments(
    folder: pathlib.Path,
    transform_dir: str,
    train_rows: list[dict[str, Any]] | None = None,
    **training: Any,
) -> types.SimpleNamespace:
    """What TFX hands to run_fn, for 640 or given train and 150 validation rows below `folder`."""
    train = write_split(folder / "Split-train", train_rows or made_rows(640, seed=1))
    validation = write_split(folder / "Split-validation", made_rows(150, seed=2))
    (folder / "schema.pbtxt").write_text(SCHEMA)
    return types.SimpleNamespace(
        train_files=[train],
        eval_files=[validation],
        transform_graph_path=transform_dir,
        schema_path=str(folder / "schema.pbtxt"),
        serving_model_dir=str(folder / "Format-Serving"),
        model_run_dir=str(folder / "run"),
        hyperparameters={
            "name": "shared_bottom",
            "bottom_units": [8],
            "dropout": 0.2,
            "l2_per": "value",
            "embedding_l2": 0.5,
            "wide_l2": 0.5,
        },
        custom_config={
            "training": {"batch_size": 64, "max_epochs": 2, "learning_rate": 0.01, **training},
            "checkpoint_dir": str(folder / "checkpoints"),
            "model_name": "polyrank",
            "canary_rows": 40,
            "code_digest": "0",
        },
    )


def check_outcome(folder: pathlib.Path, tolerance: float = 1e-6, rows: int = 40) -> None:
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
            assert len(scores[output]) == rows
            np.testing.assert_allclose(
                found[output].numpy(), scores[output], rtol=0, atol=tolerance
            )
