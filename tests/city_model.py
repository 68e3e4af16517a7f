"""A small model with a vocabulary in an asset file, and what it must answer."""

from __future__ import annotations

import pathlib
import shutil

import numpy as np
import tensorflow as tf

CITIES = ["basel", "lagos", "osaka"]
WEIGHTS = np.array([0.25, -1.5, 3.0, 7.0], np.float32)


def expected_logits(cities, ages, bias=0.0):
    """The model's sum by hand: one weight a known city, the last one for any other."""
    rows = [CITIES.index(city) if city in CITIES else 3 for city in cities]
    return WEIGHTS[rows] * np.asarray(ages, np.float32) + np.float32(bias)


class CityModel(tf.Module):
    """logit = weight[city] * age + bias, through a vocabulary table in an asset file."""

    def __init__(self, vocabulary: str, bias: float) -> None:
        super().__init__()
        self.vocabulary = tf.saved_model.Asset(vocabulary)
        self.table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                self.vocabulary,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            num_oov_buckets=1,
        )
        self.weights = tf.Variable(WEIGHTS)
        self.bias = tf.Variable(bias)

    def scores(self, city: tf.Tensor, age: tf.Tensor) -> dict[str, tf.Tensor]:
        logit = tf.gather(self.weights, self.table.lookup(city)) * age + self.bias
        return {"logit": logit, "click": tf.sigmoid(logit), "city": city}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "city"),
            tf.TensorSpec([None], tf.float32, "age"),
        ]
    )
    def predict(self, city: tf.Tensor, age: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.scores(city, age)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(
            examples,
            {
                "city": tf.io.FixedLenFeature([], tf.string),
                "age": tf.io.FixedLenFeature([], tf.float32),
            },
        )
        return self.scores(parsed["city"], parsed["age"])


def save(folder: pathlib.Path, bias: float) -> pathlib.Path:
    vocabulary = folder / "cities.txt"
    vocabulary.write_text("\n".join(CITIES) + "\n")
    model = CityModel(str(vocabulary), bias)
    signatures = {"predict": model.predict, "serving_default": model.serving_default}
    tf.saved_model.save(model, str(folder / "model"), signatures=signatures)
    vocabulary.unlink()  # The SavedModel must bring its own copy.
    return folder / "model"


def push(saved_model: pathlib.Path, base_path: pathlib.Path, version: int) -> pathlib.Path:
    """Puts a version in place at once, as the Pusher does."""
    temporary = base_path / f"temporary-{version}"
    shutil.copytree(saved_model, temporary)
    return temporary.rename(base_path / str(version))
