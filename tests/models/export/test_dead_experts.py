"""Experts that no row has a use for are named when a training ends."""

import json
import logging
import pathlib

import numpy as np
import pytest
from made_batches import batch, layout, make_ranker, task_graph, weight

from models.datasets.in_memory import InMemorySplit
from models.explanation import Explanation, numbered
from models.export.explained_rows import dead_experts, write_explanation_of


def split(rows: int) -> InMemorySplit:
    columns = batch(rows, layout(), task_graph(2))
    floats = sorted(name for name, x in columns.items() if x.dtype.kind == "f")
    integers = sorted(columns.keys() - set(floats))
    return InMemorySplit(
        tuple(integers),
        np.stack([columns[name] for name in integers], axis=1).astype(np.int32),
        tuple(floats),
        np.stack([columns[name] for name in floats], axis=1).astype(np.float32),
    )


def test_a_warning_names_them() -> None:
    axis = numbered("expert", 4)
    found = Explanation(np.array([0.0, 1.0, 0.0, 1.0]), (axis,))
    assert dead_experts({"dead_experts": found}).startswith("2 of 4 experts are dead: 1, 3. ")
    assert dead_experts({"dead_experts": Explanation(np.zeros(4), (axis,))}) == ""
    assert dead_experts({}) == ""


def test_the_end_of_a_training_warns(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = {"name": "taml", "embedding_dim": 4, "learners": 2, "expert_units": (4,)}
    ranker, rows = make_ranker(model), split(60)
    with caplog.at_level(logging.WARNING, "polyrank.progress"):
        write_explanation_of(ranker, rows, str(tmp_path))
        assert not caplog.records
        bias = weight(ranker, "taml/gates/bias")
        bias.assign_add(np.eye(6)[2] * np.full(bias.shape, -20.0))
        write_explanation_of(ranker, rows, str(tmp_path))
    (record,) = caplog.records
    assert record.getMessage().startswith("1 of 10 experts are dead: shared_2. ")
    document = json.loads((tmp_path / "explain.json").read_text())["dead_experts"]
    assert document["axes"][0]["entries"][2] == "shared_2"
    assert document["values"] == [0, 0, 1, *[0] * 7]
