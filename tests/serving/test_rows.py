import math

import numpy as np
import pytest

from common.errors import BadDataError, PolyrankError
from serving.rows import columns
from serving.signatures import TensorSpec

INPUTS = {
    "age": TensorSpec("float32", (None,), "age:0"),
    "city": TensorSpec("string", (None,), "city:0"),
    "item": TensorSpec("int64", (None,), "item:0"),
}
MISSING = {"int64": -(2**63), "float32": math.nan, "string": b""}


def test_values_are_cast_and_other_keys_passed_over():
    rows = [
        {"age": 3, "city": "Zürich", "item": 2**60, "click": 1},
        {"age": 0.5, "city": b"\xff", "item": 4.0},
    ]
    made = columns(rows, INPUTS, MISSING)
    assert list(made) == ["age", "city", "item"]
    assert made["age"].dtype == np.float32
    assert made["age"].tolist() == [3.0, 0.5]
    assert made["city"].tolist() == ["Zürich".encode(), b"\xff"]
    assert made["item"].dtype == np.int64
    assert made["item"].tolist() == [2**60, 4]


def test_null_is_the_models_missing_value():
    made = columns([{"age": None, "city": None, "item": None}], INPUTS, MISSING)
    assert math.isnan(made["age"][0])
    assert made["city"].tolist() == [b""]
    assert made["item"].tolist() == [-(2**63)]


def test_nan_is_a_missing_value_of_any_type():
    made = columns([{"age": math.nan, "city": math.nan, "item": math.nan}], INPUTS, MISSING)
    assert math.isnan(made["age"][0])
    assert made["city"].tolist() == [b""]
    assert made["item"].tolist() == [-(2**63)]


def test_missing_features_are_named():
    with pytest.raises(BadDataError, match=r"row 2 lacks age, item; the model's features are: age"):
        columns([{"age": 1, "city": "a", "item": 1}, {"city": "a"}], INPUTS, MISSING)


@pytest.mark.parametrize(
    ("feature", "value", "wanted"),
    [
        ("age", "old", "float32"),
        ("item", 1.5, "int64"),
        ("item", 2**63, "int64"),
        ("item", math.inf, "int64"),
        ("city", 3, "string"),
        ("age", [1.0], "float32"),
    ],
)
def test_a_value_of_another_kind_is_named(feature, value, wanted):
    row = {"age": 1.0, "city": "a", "item": 1} | {feature: value}
    with pytest.raises(BadDataError, match=rf"row 1: '{feature}' is .*, wanted {wanted}"):
        columns([row], INPUTS, MISSING)


def test_a_signature_of_matrices_is_refused():
    inputs = {"image": TensorSpec("float32", (None, 28), "image:0")}
    with pytest.raises(PolyrankError, match=r"'image' is float32 \[\?, 28\]"):
        columns([{"image": 1}], inputs, MISSING)
