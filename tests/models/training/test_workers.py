"""Two workers, each a process, train the model that one process trains, and export it once."""

import json
import os
import pathlib
import time
from typing import Any

import pytest
from ports import free_ports
from preloaded import Preloaded, Program
from trainer_arguments import arguments, check_outcome

from common.source_digest import ROOT

FOLDER = pathlib.Path(__file__).parent
MODELS = {
    "plain": {"name": "mmoe", "expert_units": [8], "tower_units": [4], "embedding_l2": 0.02},
    # Its losses are weighed anew in every step, by gradients of the global batch.
    "balanced": {
        "name": "aem2tl",
        "entire_space": False,
        "gradnorm_rate": 0.1,
        "shared_experts": 1,
        "expert_units": [6, 4],
        "task_expert_units": [4],
        "tower_units": [],
        "gate_units": 4,
        "embedding_l2": 0.02,
    },
}


def start(
    preloaded: Preloaded, folder: pathlib.Path, words: Any, config: dict[str, Any]
) -> tuple[Program, pathlib.Path]:
    """Starts a Trainer whose temporary folder is `folder / tmp`; also returns its log."""
    (folder / "tmp").mkdir(parents=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(folder / "tmp"),
        "TF_CONFIG": json.dumps(config),
    }
    log = folder / "log"
    script, arguments = str(FOLDER / "worker_script.py"), [json.dumps(vars(words))]
    return preloaded.start(script, arguments, cwd=folder, env=environment, err=log), log


def finished(programs: list[tuple[Program, pathlib.Path]]) -> None:
    """Waits for all; if one fails, the others would wait for it for ever."""
    try:
        while not all(program.has_ended() for program, _ in programs):
            time.sleep(0.05)
            ended = [(x.wait(), log) for x, log in programs if x.has_ended()]
            for status, log in ended:
                assert status == 0, log.read_text()[-3000:]
    finally:
        for program, _ in programs:
            program.kill()


def losses(folder: pathlib.Path) -> list[dict[str, float]]:
    """Of every epoch: the losses, the monitor, and the weights of balanced losses."""
    history = json.loads((folder / "run" / "history.json").read_text())
    found = []
    for record in history["epochs"]:
        weights = record.get("task_weights", {})
        numbers = {name: x for name, x in record.items() if isinstance(x, float)}
        found.append({**numbers, **{f"weight of {name}": x for name, x in weights.items()}})
    return found


@pytest.mark.e2e
@pytest.mark.parametrize(
    "model",
    [
        # What only a step without weights of losses has, two devices prove too.
        pytest.param(MODELS["plain"], marks=pytest.mark.slow, id="plain"),
        pytest.param(MODELS["balanced"], id="balanced"),
    ],
)
def test_two_workers_equal_one_process(
    preloaded: Preloaded, tmp_path: pathlib.Path, transform_dir: str, model: dict[str, Any]
) -> None:
    """With SGD, since Adam hides a factor, and batches that two do not divide evenly."""
    places = {name: tmp_path / name for name in ("one", "two")}
    words = {
        name: arguments(folder, transform_dir, optimizer="sgd", learning_rate=0.3, batch_size=63)
        for name, folder in places.items()
    }
    for found in words.values():
        found.hyperparameters = model
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": i}} for i in (0, 1)]
    finished(
        [
            start(preloaded, tmp_path / "alone", words["one"], {}),
            *(
                start(preloaded, tmp_path / f"w{i}", words["two"], task)
                for i, task in enumerate(tasks)
            ),
        ]
    )
    one, two = losses(places["one"]), losses(places["two"])
    assert len(one) == 2 and one[0]["click_loss"] > 0.1
    assert ("weight of click" in one[0]) == (model["name"] == "aem2tl")
    for expected, found in zip(one, two, strict=True):
        assert found == pytest.approx(expected, rel=0, abs=1e-5)
    check_outcome(places["two"])
    # The chief's events only, and nothing of the other's is left.
    assert len(list((places["two"] / "run").glob("events.*"))) == 1
    left = {path.name for path in (tmp_path / "w1" / "tmp").iterdir()}
    # Python's cache of what AutoGraph has written there.
    assert left <= {"__pycache__"}
