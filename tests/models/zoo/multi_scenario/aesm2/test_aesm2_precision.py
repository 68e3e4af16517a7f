"""AESM2 in half precision and with XLA."""

import numpy as np
import pytest
from made_aesm2 import ROWS, made
from made_batches import tensors


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_where_it_selects_the_same(precision: str) -> None:
    plain, rows = made(noise_scale=0.05)
    mixed, _ = made(noise_scale=0.05, training={"precision": precision})
    data = tensors(rows)
    same = np.ones(ROWS, bool)
    levels = []
    for ranker in (plain, mixed):
        features = ranker.features(data)
        hidden, of_scenarios = ranker.architecture.scenario_levels(features)
        _, of_tasks = ranker.architecture.task_levels(features, hidden)
        levels.append([*of_scenarios, *of_tasks])
    for a, b in zip(*levels, strict=True):
        assert b.weights.dtype == "float32"
        np.testing.assert_allclose(b.weights.numpy().sum(-1), 1, atol=1e-6)
        for part in ("specific", "shared"):
            equal = np.all(getattr(a, part).numpy() == getattr(b, part).numpy(), axis=-1)
            same &= equal if equal.ndim == 1 else equal.all(0)
    # Inputs of three digits leave most rows' selection as it is.
    assert same.sum() > ROWS / 2
    for name, wanted in plain(data).items():
        np.testing.assert_allclose(mixed(data)[name][same], wanted[same], atol=0.05)
    losses = [float(mixed.train_step(data)["loss"]) for _ in range(6)]
    assert np.all(np.isfinite(losses))


def test_xla_takes_the_same_step() -> None:
    training = {"optimizer": "sgd", "learning_rate": 0.1}
    (plain, rows), (compiled, _) = (
        made(training={**training, "xla": xla}) for xla in (False, True)
    )
    loss = plain.train_step(tensors(rows))["loss"]
    np.testing.assert_allclose(compiled.train_step(tensors(rows))["loss"], loss, rtol=1e-5)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_xla_draws_noise_in_every_step() -> None:
    ranker, rows = made(noise_scale=1.0, training={"xla": True, "learning_rate": 1e-12})
    first, second = (float(ranker.train_step(tensors(rows))["loss"]) for _ in range(2))
    assert np.isfinite([first, second]).all()
    assert abs(first - second) > 1e-6
