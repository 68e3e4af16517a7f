"""A search whose gates learn from other rows than the flows."""

import numpy as np
import pytest
from made_autoifs import by_name, made, retraining
from made_batches import tensors

from models.steps.held_out_rows import picked_rows

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("fusion", ["additive", "subtractive"])
def test_gates_learn_from_the_held_out_rows_and_all_else_from_the_others(fusion: str) -> None:
    held, rows = made(fusion=fusion, search_holdout=0.4)
    plain, _ = made(fusion=fusion)
    plain.set_weights(held.get_weights())
    indices = held.features(tensors(rows)).indices
    picked = picked_rows(indices, 0.4).numpy()
    assert 0 < picked.sum() < len(picked)

    def weighed(factor: np.ndarray) -> dict[str, np.ndarray]:
        """The gradients of the published search where only some rows count."""
        changed = {k: v * factor if k.startswith("weight__") else v for k, v in rows.items()}
        assert any(k.startswith("weight__") for k in rows)
        return by_name(plain, changed)

    found = by_name(held, rows)
    of_gates, of_flows = weighed(picked.astype("float32")), weighed((~picked).astype("float32"))
    for name, gradient in found.items():
        wanted = of_gates if "selection" in name else of_flows
        np.testing.assert_allclose(gradient, wanted[name], atol=1e-7, err_msg=name)
        assert np.any(of_gates[name] != of_flows[name])


def test_probabilities_are_those_of_the_published_search() -> None:
    held, rows = made(search_holdout=0.4)
    plain, _ = made()
    plain.set_weights(held.get_weights())
    for training in (False, True):
        found, wanted = (ranker(tensors(rows), training=training) for ranker in (held, plain))
        for output, values in wanted.items():
            np.testing.assert_array_equal(found[output].numpy(), values.numpy())


def test_retraining_learns_from_all_rows() -> None:
    held, rows = made(search_holdout=0.4)
    plain, _ = made()
    plain.set_weights(held.get_weights())
    for ranker in (held, plain):
        retraining(ranker)
    wanted = by_name(plain, rows)
    for name, gradient in by_name(held, rows).items():
        np.testing.assert_array_equal(gradient, wanted[name], err_msg=name)
