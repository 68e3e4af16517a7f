"""Embedding tables that an architecture makes itself: their L2 loss, and what they count as."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import randomise
from own_tables import OwnTables, OwnTablesConfig
from small_training import LAYOUT, TASKS, made_held_rows

from models import registry
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY, index_key
from models.ranker import Ranker
from models.training.fit import ranker_maker

ROWS, WEIGHT = 400, 0.5


def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.names()  # Imports those that are shipped, which register themselves.
    monkeypatch.setitem(registry._REGISTERED, "own_tables", (OwnTables, OwnTablesConfig))


@pytest.fixture
def ranker(request: Any, monkeypatch: pytest.MonkeyPatch) -> Ranker:
    registered(monkeypatch)
    config = registry.parse_model_config(
        {"name": "own_tables", "embedding_dim": 4, "embedding_l2": WEIGHT, **request.param}
    )
    rows = made_held_rows(ROWS, seed=1)
    made = ranker_maker(LAYOUT, TASKS, config, TrainingConfig(), rows, {})()
    randomise(made)
    return made


def whole_epoch() -> dict[str, tf.Tensor]:
    return next(iter(made_held_rows(ROWS, seed=1).in_order(ROWS)))


def losses_of(tables: Any) -> np.ndarray:
    return np.sum([loss.numpy() for loss in tables.losses], axis=0)


@pytest.mark.parametrize("ranker", [{"l2_per": "value"}], indirect=True)
def test_an_epoch_is_a_ridge_penalty_on_the_values_of_all_and_on_those_of_a_scenario(
    ranker: Ranker,
) -> None:
    rows = whole_epoch()
    ranker(rows, training=True)
    architecture = ranker.architecture
    all_rows, own_rows = 0.0, 0.0
    scenario = rows[SCENARIO_KEY].numpy()
    for field in LAYOUT.fields:
        values = rows[index_key(field.name)].numpy()
        second = architecture.second.tables[field.name].numpy()
        all_rows += (second[np.unique(values)] ** 2).sum()
        own = architecture.own.tables[field.name].numpy().reshape(2, field.size, 4)
        for k in range(2):
            own_rows += (own[k, np.unique(values[scenario == k])] ** 2).sum()
    assert losses_of(architecture.second).sum() == pytest.approx(WEIGHT * all_rows, rel=1e-5)
    assert losses_of(architecture.own).sum() == pytest.approx(WEIGHT * own_rows, rel=1e-5)
    # The shared tables are held back by the same counts.
    shared = sum(
        (ranker.embeddings.tables[f.name].numpy()[np.unique(rows[f.key])] ** 2).sum()
        for f in LAYOUT.fields
    )
    assert losses_of(ranker.embeddings).sum() == pytest.approx(WEIGHT * shared, rel=1e-5)


@pytest.mark.parametrize("ranker", [{}], indirect=True)
def test_without_counts_every_look_up_is_held_back(ranker: Ranker) -> None:
    rows = whole_epoch()
    ranker(rows, training=True)
    wanted = np.zeros(ROWS)
    for field in LAYOUT.fields:
        places = rows[SCENARIO_KEY].numpy() * field.size + rows[field.key].numpy()
        wanted += (ranker.architecture.own.tables[field.name].numpy()[places] ** 2).sum(1)
    np.testing.assert_allclose(losses_of(ranker.architecture.own), WEIGHT * wanted, rtol=1e-5)


@pytest.mark.parametrize("ranker", [{"l2_per": "value"}], indirect=True)
def test_own_tables_are_tables_and_not_network(ranker: Ranker) -> None:
    own = ranker.architecture.tables
    # A second set, and one of each of two scenarios; what is not trained is no parameter.
    assert sorted(v.shape[0] for v in own) == [30, 50, 60, 100]
    size = sum(int(v.shape.num_elements()) for v in ranker.tables)
    # The shared ones, 4 wide, and the wide part: a weight a label of each value, `age`, a bias.
    assert size == (80 + 80 + 2 * 80) * 4 + 80 * 2 + 2 + 2
    network = [v for v in ranker.trainable_variables if all(v is not x for x in ranker.tables)]
    # The last layer of two towers reads two fields of four sets.
    assert sum(int(v.shape.num_elements()) for v in network) == 2 * (2 * 4 * 4 + 1)


@pytest.mark.parametrize("ranker", [{"embedding_l2": 0.0}], indirect=True)
def test_a_row_trains_the_tables_of_its_own_scenario(ranker: Ranker) -> None:
    rows = {key: value[:1] for key, value in whole_epoch().items()}
    before = {n: t.numpy() for n, t in ranker.architecture.own.tables.items()}
    ranker.train_step(rows)
    for field in LAYOUT.fields:
        table = ranker.architecture.own.tables[field.name].numpy()
        place = int(rows[SCENARIO_KEY][0]) * field.size + int(rows[field.key][0])
        changed = np.flatnonzero((table != before[field.name]).any(axis=1))
        assert changed.tolist() == [place]


def test_counts_of_all_scenarios_do_not_serve_tables_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OwnTablesConfig, "counts_by_scenario", False)
    registered(monkeypatch)
    config = OwnTablesConfig(l2_per="value", embedding_l2=WEIGHT)
    rows = made_held_rows(ROWS, seed=1)
    made = ranker_maker(LAYOUT, TASKS, config, TrainingConfig(), rows, {})()
    with pytest.raises(ValueError, match="counts of 'user' are not by scenario; return True"):
        made(whole_epoch(), training=True)
