import numpy as np
import pytest
from made_autoifs import by_name, made
from made_batches import tensors

from common.settings import SettingsError
from models.config import TrainingConfig

ALL = np.ones((3, 2, 4), bool)


def test_fixed_flows_take_the_place_of_the_search() -> None:
    mask = ALL.copy()
    mask[:, :, 1] = mask[:, :, 3] = False
    mask[2, 0] = False
    ranker, rows = made(fixed_flows=mask.tolist())
    (phase,) = ranker.architecture.phases(TrainingConfig(max_epochs=5))
    assert (phase.epochs, phase.early_stopping) == (5, True)
    assert not any("selection" in v.name or "frozen" in v.name for v in ranker.variables)
    features = ranker.features(tensors(rows))
    assert ranker.explain(tensors(rows)) == {}
    # Of scenario 2's click nothing is left but the offset.
    mine = features.scenario.numpy() == 2
    wanted = 1 / (1 + np.exp(-features.offset.numpy()[mine, 0]))
    np.testing.assert_allclose(ranker(tensors(rows))["click"].numpy()[mine], wanted, atol=1e-6)
    for name, gradient in by_name(ranker, rows).items():
        private = "flows/scenario" in name and "private" in name
        assert not (private and gradient.any()), name


def test_all_flows_kept_is_the_searched_model_with_open_gates() -> None:
    fixed, rows = made(fixed_flows=ALL.tolist())
    searched, _ = made(random=False)
    values = {v.name: v.numpy() for v in fixed.variables}
    for v in searched.variables:
        if v.name in values:
            v.assign(values[v.name])
    # At the start every gate is one half: additive flows weigh one half too.
    architecture = searched.architecture
    architecture.gates = lambda features: 0 * architecture.scores(features)
    for name, scores in fixed(tensors(rows)).items():
        np.testing.assert_allclose(scores, searched(tensors(rows))[name], atol=1e-6)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"fixed_flows has shape \(2, 2, 4\).*\(3, 2, 4\)"):
        made(fixed_flows=ALL[:2].tolist())
