"""Ways to train a label that needs no parent: compiled, in half precision, and from disk."""

import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import make_ranker, randomise, tensors
from small_log import encoded, write_split
from unclicked_log import LAYOUT, TASKS, made_log

from models.datasets.in_memory import InMemorySplit, files_of, hold
from models.datasets.streamed import StreamedRows, count_and_base_rates
from models.features.inputs import SCENARIO_KEY, Field, InputLayout, index_key
from models.features.targets import evaluation_targets
from models.initial_biases import starting_rates
from models.losses.unclicked import unclicked_branches, unclicked_rows
from models.ranker import Ranker
from schemas.contract import Contract, parse_schema, read_contract

MMOE = {"name": "mmoe", "embedding_dim": 4, "expert_units": (8,), "tower_units": ()}
AEM2TL = {"name": "aem2tl", "embedding_dim": 4, "expert_units": (8, 4), "task_expert_units": (4,)}
WAY = "pay_without_click"

SCHEMA = """
feature { name: "user" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  int_domain { min: 0 max: 9 } annotation { tag: "user" tag: "categorical" } }
feature { name: "click" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:click" } }
feature { name: "pay" type: INT annotation { tag: "label:pay after:click" } }
"""


def rows(count: int = 300) -> dict[str, tf.Tensor]:
    log = made_log(count, seed=3)
    return tensors({name: log.column(name) for name in (*log.integer_names, *log.float_names)})


def made(model: dict[str, Any], **training: Any) -> Ranker:
    ranker = make_ranker(model, inputs=LAYOUT, tasks=TASKS, optimizer="sgd", **training)
    randomise(ranker)
    return ranker


@pytest.mark.e2e
@pytest.mark.parametrize("model", [MMOE, AEM2TL], ids=lambda model: model["name"])
def test_xla_takes_the_same_step(model: dict[str, Any]) -> None:
    plain, compiled = made(model, learning_rate=0.3), made(model, learning_rate=0.3, xla=True)
    wanted, found = plain.train_step(rows()), compiled.train_step(rows())
    assert (f"{WAY}_loss" in wanted) == (model is MMOE)
    for name, loss in wanted.items():
        np.testing.assert_allclose(found[name], loss, rtol=1e-4, err_msg=name)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5, err_msg=a.name)


@pytest.mark.e2e
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_learns_the_branch_and_scores_it_in_float32(precision: str) -> None:
    plain, mixed = made(MMOE), made(MMOE, precision=precision, learning_rate=0.1)
    mixed.set_weights(plain.get_weights())
    wanted, found = (
        {name: tf.sigmoid(z) for name, z in ranker.predictions(ranker.features(rows())).items()}
        for ranker in (plain, mixed)
    )
    for name in (WAY, "pay"):
        assert found[name].dtype == tf.float32
        np.testing.assert_allclose(found[name], wanted[name], atol=0.02)
    total = found["click_and_pay"] + (1 - found["click"]) * found[WAY]
    np.testing.assert_allclose(found["pay"], total, rtol=1e-6)
    assert mixed.unclicked_towers.bias.dtype == tf.float32
    step, data = tf.function(mixed.train_step), rows()
    losses = [step(data)[f"{WAY}_loss"].numpy() for _ in range(30)]
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


def transform(raw: dict[str, Any]) -> dict[str, Any]:
    """The transform graph of a column that is its own index."""
    user = tf.reshape(raw["user"], [-1])
    return {index_key("user"): user, SCENARIO_KEY: tf.zeros_like(user)}


def logged() -> list[dict[str, int]]:
    """60 rows: 20 clicks, half of them paid; 4 of the others paid, of 8 it is not known."""
    found = []
    for number in range(60):
        row = {"user": number % 10, "click": int(number < 20)}
        if number < 52:
            row["pay"] = int(number < 10 or 20 <= number < 24)
        found.append(row)
    return found


def test_rows_from_disk_teach_the_branch_what_rows_in_memory_do(
    contract: Contract, tmp_path: pathlib.Path
) -> None:
    files = files_of([write_split(tmp_path / "Split-train", logged())])
    held = hold(contract, transform, files, serving=False)
    assert isinstance(held, InMemorySplit)
    count, means = count_and_base_rates(contract, files)
    in_memory = starting_rates(contract.tasks, held.base_rate)
    on_disk = starting_rates(contract.tasks, means.__getitem__)
    # 14 of 52 rows paid, 10 of them clicked; 20 of 60 are clicked.
    assert in_memory[WAY] == pytest.approx((14 / 52 - 10 / 52) / (1 - 20 / 60))
    assert on_disk == pytest.approx(in_memory)

    inputs = InputLayout((Field("user", 10),), (), ("default",))
    streamed = StreamedRows(contract, transform, files, count)
    rankers = []
    for source in (held, streamed):
        ranker = make_ranker(
            {"name": "shared_bottom", "embedding_dim": 4, "bottom_units": (8,)},
            inputs=inputs,
            tasks=contract.tasks,
            base_rates=in_memory,
            optimizer="sgd",
            learning_rate=0.5,
        )
        start = ranker.unclicked_towers.bias.numpy()
        (data,) = source.epoch(60, seed=1, epoch=0)
        losses = ranker.train_step(data)
        assert losses[f"{WAY}_loss"] > 0.05
        assert np.all(ranker.unclicked_towers.bias.numpy() != start)
        rankers.append(ranker)
    for a, b in zip(*(ranker.weights for ranker in rankers), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=a.name)


def test_a_row_of_which_the_purchase_is_not_known_is_no_row_of_the_branch(
    contract: Contract,
) -> None:
    examples = tf.constant([encoded(row) for row in logged()])
    (branch,) = unclicked_branches(contract.tasks)
    targets = evaluation_targets(contract, examples)
    target, weight = unclicked_rows(contract.tasks, branch, targets)
    np.testing.assert_array_equal(weight, [0.0] * 20 + [1.0] * 32 + [0.0] * 8)
    np.testing.assert_array_equal(target.numpy()[20:52], [1.0] * 4 + [0.0] * 28)
