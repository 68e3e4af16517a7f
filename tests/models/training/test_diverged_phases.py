"""A phase that diverges: which weights remain, and when none do."""

import pathlib

import numpy as np
import pytest
from two_phases import TwoPhases, made

from models.training.non_finite import DivergedError

pytestmark = pytest.mark.e2e


def spoiling(monkeypatch: pytest.MonkeyPatch, phase: str, epoch: int) -> None:
    """Has the towers become NaN at the start of an epoch of a phase."""

    def start_epoch(self: TwoPhases, name: str, number: int) -> None:
        if (name, number) == (phase, epoch):
            for variable in self._towers.trainable_variables:
                variable.assign(np.full(variable.shape, np.nan, np.float32))

    monkeypatch.setattr(TwoPhases, "start_epoch", start_epoch)


def test_a_last_phase_that_diverges_ends_with_its_best_epoch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    spoiling(monkeypatch, "retrain", 1)
    ranker, loop = made(monkeypatch, tmp_path)
    history = loop.run()
    found = history["non_finite"]
    assert (found["phase"], found["epoch"], found["step"]) == ("retrain", 3, 1)
    assert [record["epoch"] for record in history["epochs"]] == [0, 1, 2]
    assert history["best_epoch"] == 2
    assert all(np.isfinite(weights).all() for weights in ranker.get_weights())
    assert TwoPhases.seen[-1] == "end of retrain"


@pytest.mark.parametrize(
    ("phase", "epoch", "said"),
    [
        ("search", 0, "in epoch 1/4, step 1/2 of phase 'search': .* without the phase 'retrain'"),
        ("search", 1, "in epoch 2/4, step 1/2 of phase 'search': .* without the phase 'retrain'"),
        (
            "retrain",
            0,
            "in epoch 3/4, step 1/2 of phase 'retrain': .* no earlier epoch of this phase .*"
            r"this phase has 0\.005",
        ),
    ],
    ids=["search", "search_later", "retrain"],
)
def test_a_phase_that_leaves_nothing_to_end_with_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, phase: str, epoch: int, said: str
) -> None:
    spoiling(monkeypatch, phase, epoch)
    _, loop = made(monkeypatch, tmp_path)
    with pytest.raises(DivergedError, match=said):
        loop.run()
