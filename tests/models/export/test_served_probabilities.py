"""What a served model says after a training on logs that are not what it will see."""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from small_log import encoded, made_rows
from trainer_arguments import arguments

from models.training.run_fn import run_fn
from schemas.own_features import SAMPLING_RATE_KEY


def _rows(count: int, seed: int, chance: Any) -> list[dict[str, Any]]:
    """Rows of the small log of which each is clicked with the chance that `chance` gives it."""
    random = np.random.default_rng(seed)
    rows = made_rows(count, seed)
    for row in rows:
        row.update(click=int(random.random() < chance(row)), buy=0, weight=1.0)
    return rows


def _served(
    folder: pathlib.Path, transform_dir: str, train: list[dict[str, Any]], asked: list[Any]
) -> np.ndarray:
    """Trains one epoch on `train`; returns the SavedModel's click scores of rows `asked`."""
    run_fn(arguments(folder, transform_dir, train, max_epochs=1, learning_rate=0.02))
    model = tf.saved_model.load(str(folder / "Format-Serving"))
    examples = tf.constant([encoded(row) for row in asked])
    return model.signatures["serving_default"](examples)["click"].numpy().reshape(-1)


def test_a_train_only_column_teaches_and_its_default_serves(
    tmp_path: pathlib.Path, transform_dir: str
) -> None:
    def chance(row: dict[str, Any]) -> float:
        return 0.8 if row["position"] == 0 else 0.2

    asked = made_rows(200, seed=5)
    scores = _served(tmp_path, transform_dir, _rows(6_000, 4, chance), asked)
    # Served at its default, 0, whatever the log says: .8, where the log's mean is .26.
    assert 0.65 < scores.mean() < 0.9
    elsewhere = [{**row, "position": (row["position"] + 3) % 10} for row in asked]
    nowhere = [{k: v for k, v in row.items() if k != "position"} for row in asked]
    model = tf.saved_model.load(str(tmp_path / "Format-Serving"))
    for rows in (elsewhere, nowhere):
        examples = tf.constant([encoded(row) for row in rows])
        found = model.signatures["serving_default"](examples)["click"].numpy().reshape(-1)
        np.testing.assert_array_equal(found, scores)


def test_a_model_of_down_sampled_negatives_is_calibrated_on_the_whole(
    tmp_path: pathlib.Path, transform_dir: str
) -> None:
    def chance(row: dict[str, Any]) -> float:
        return 0.15 if row["user"] % 2 else 0.05

    random = np.random.default_rng(6)
    sample = [
        row if row["click"] else {**row, SAMPLING_RATE_KEY: 0.2}
        for row in _rows(30_000, 4, chance)
        if row["click"] or random.random() < 0.2
    ]
    asked = _rows(2_000, 9, chance)
    odd = np.array([row["user"] % 2 == 1 for row in asked])
    scores = _served(tmp_path, transform_dir, sample, asked)
    # About 3,000 clicks taught it. Without weights it would say about .35: odds five times as high.
    assert abs(scores.mean() / 0.1 - 1) < 0.15
    assert abs(scores[odd].mean() / 0.15 - 1) < 0.3
    assert abs(scores[~odd].mean() / 0.05 - 1) < 0.3
