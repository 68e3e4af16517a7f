"""What a run's display says of a training."""

import json
import math
import pathlib

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from common.json_files import write_json
from pipeline.run_record import _note


@pytest.mark.parametrize(
    ("added", "note"),
    [
        ({}, "best epoch 2 of 3"),
        ({"non_finite": None}, "best epoch 2 of 3"),
        (
            {"non_finite": {"phase": "train", "epoch": 3, "step": 9, "what": "click_loss is nan"}},
            "best epoch 2 of 3; diverged in epoch 4: click_loss is nan",
        ),
    ],
    ids=["before_it_was_recorded", "finite", "diverged"],
)
def test_the_trainers_note(tmp_path: pathlib.Path, added: dict[str, object], note: str) -> None:
    history = {"best_epoch": 1, "epochs": [{}, {}, {}], **added}
    (tmp_path / "history.json").write_text(json.dumps(history))
    outputs = {"model_run": mlmd.Artifact(uri=str(tmp_path))}
    assert _note("Trainer", outputs, {}) == note


def test_the_note_of_an_undefined_monitor(tmp_path: pathlib.Path) -> None:
    history = {"best_epoch": 0, "epochs": [{"monitor": math.nan}] * 3, "non_finite": None}
    write_json(tmp_path / "history.json", history)
    outputs = {"model_run": mlmd.Artifact(uri=str(tmp_path))}
    assert _note("Trainer", outputs, {}) == (
        "best epoch 1 of 3; the monitor is undefined: no label has validation rows of both classes"
    )
