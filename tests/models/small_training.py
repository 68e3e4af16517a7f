"""A small training on made rows, for tests and for a process that is killed.

As a program: `python small_training.py CHECKPOINT_FOLDER RESULT.npz` trains to the end.
"""

import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tf_keras as keras

from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import (
    ROW_WEIGHT_KEY,
    SCENARIO_KEY,
    Field,
    InputLayout,
    index_key,
    target_key,
    value_key,
    weight_key,
)
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.loop import TrainingLoop
from schemas.task_graph import Label, sorted_by_parents

LAYOUT = InputLayout((Field("user", 50), Field("item", 30)), ("age",), ("home", "cart"))
TASKS = sorted_by_parents([Label("click", "click"), Label("buy", "buy", "click", True)])
MODEL = {"name": "shared_bottom", "bottom_units": [8], "tower_units": [], "embedding_dim": 4}


def made_held_rows(rows: int, seed: int) -> InMemorySplit:
    """Rows whose click depends on user and age."""
    random = np.random.default_rng(seed)
    integers = {
        index_key("user"): random.integers(0, 50, rows),
        index_key("item"): random.integers(0, 30, rows),
        SCENARIO_KEY: random.integers(0, 2, rows),
    }
    age = random.normal(size=rows)
    logit = 2.0 * (integers[index_key("user")] % 2) - 1 + age
    click = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    buy = click * (random.random(rows) < 0.3)
    floats = {
        value_key("age"): age,
        ROW_WEIGHT_KEY: np.ones(rows),
        target_key("click"): click,
        weight_key("click"): np.ones(rows),
        target_key("buy_given_click"): buy,
        weight_key("buy_given_click"): click,
        target_key("click_and_buy"): buy,
        weight_key("click_and_buy"): np.ones(rows),
    }
    names, reals = tuple(sorted(integers)), tuple(sorted(floats))
    return InMemorySplit(
        names,
        np.stack([integers[name] for name in names], axis=1).astype(np.int32),
        reals,
        np.stack([floats[name] for name in reals], axis=1).astype(np.float32),
    )


def made_loop(
    checkpoints: pathlib.Path,
    training: dict[str, Any],
    rows: int = 640,
    checkpoint_seconds: float = 600,
    model: Mapping[str, Any] = MODEL,
    dropout: float = 0.3,
) -> tuple[Ranker, TrainingLoop]:
    """A loop over made rows; its logs go beside the checkpoints."""
    keras.backend.experimental.enable_tf_random_generator()
    config = TrainingConfig(**{"batch_size": 64, "learning_rate": 0.01, **training})
    # Unchecked: a test saves more often than a whole number of seconds allows.
    config = config.model_copy(update={"checkpoint_seconds": checkpoint_seconds})
    ranker = Ranker(LAYOUT, TASKS, parse_model_config({**model, "dropout": dropout}), config)
    keras.backend.experimental.disable_tf_random_generator()
    loop = TrainingLoop(
        ranker,
        made_held_rows(rows, seed=1),
        made_held_rows(300, seed=2),
        config,
        Checkpoints(checkpoints.parent, checkpoints.name, ranker),
        str(checkpoints.with_name(checkpoints.name + "_log")),
    )
    return ranker, loop


def stopped_after(checkpoints: Checkpoints, saves: int) -> None:
    """Has the training end as if killed, right after that many checkpoints."""
    save = checkpoints.save
    count = 0

    def counted(state: Any) -> None:
        nonlocal count
        save(state)
        count += 1
        if count == saves:
            raise KeyboardInterrupt

    checkpoints.save = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    trained, the_loop = made_loop(
        pathlib.Path(sys.argv[1]), {"max_epochs": 2, "patience": 9}, 20_000, 0.2
    )
    found = the_loop.run()
    monitors = [record["monitor"] for record in found["epochs"]]
    np.savez(sys.argv[2], *trained.get_weights(), monitors=np.array(monitors))
