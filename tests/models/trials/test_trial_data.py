"""The rows that trials share: saved and mapped, digested, and those of some scenarios alone."""

import dataclasses

import numpy as np
import pytest

from common.errors import BadDataError
from models.features.inputs import SCENARIO_KEY, index_key, target_key
from models.trials.data import TrialData, learning_fingerprint


def test_saved_data_are_mapped_back_as_they_were(data, tmp_path):
    data.save(tmp_path / "data")
    loaded = TrialData.load(tmp_path / "data")
    assert (loaded.layout, loaded.tasks) == (data.layout, data.tasks)
    assert isinstance(loaded.train.floats, np.memmap)
    for name in ("train", "validation", "eval"):
        saved, read = getattr(data, name), getattr(loaded, name)
        np.testing.assert_array_equal(read.integers, saved.integers)
        np.testing.assert_array_equal(read.floats, saved.floats)
        assert read.float_names == saved.float_names
    assert loaded.fingerprint == data.fingerprint
    # The digest of what was read, not the one that was written down.
    assert dataclasses.replace(loaded).fingerprint == data.fingerprint
    assert not list(tmp_path.rglob("*.unfinished"))


def test_the_fingerprint_sees_every_row(data):
    floats = data.eval.floats.copy()
    floats[-1, -1] += 1
    changed = dataclasses.replace(data, eval=dataclasses.replace(data.eval, floats=floats))
    assert changed.fingerprint != data.fingerprint
    groups = dataclasses.replace(data, groups={})
    assert groups.fingerprint not in (data.fingerprint, changed.fingerprint)


def test_a_model_may_learn_from_some_scenarios_and_is_judged_on_all(data):
    found = data.learning_from(["cart"])
    assert set(found.train.column(SCENARIO_KEY)) == {1}
    assert set(found.validation.column(SCENARIO_KEY)) == {1}
    ids = data.train.column(index_key("user"))[data.train.column(SCENARIO_KEY) == 1]
    np.testing.assert_array_equal(found.train.column(index_key("user")), ids)
    assert found.eval is data.eval and found.layout == data.layout
    assert found.base_rates["click"] == pytest.approx(
        data.train.column(target_key("click"))[data.train.column(SCENARIO_KEY) == 1].mean()
    )


def test_the_fingerprint_of_some_scenarios_is_known_without_their_rows(data):
    cart, home = data.learning_from(["cart"]), data.learning_from(["home"])
    assert cart.fingerprint == learning_fingerprint(data.fingerprint, ["cart"])
    assert len({cart.fingerprint, home.fingerprint, data.fingerprint}) == 3


def test_scenarios_that_can_not_be_learned_from_are_refused(data):
    with pytest.raises(ValueError, match="not among home, cart"):
        data.learning_from(["card"])
    with pytest.raises(ValueError, match="one at least"):
        data.learning_from([])
    home = data.train.at(np.flatnonzero(data.train.column(SCENARIO_KEY) == 0))
    with pytest.raises(BadDataError, match="no train row is of scenario cart"):
        dataclasses.replace(data, train=home).learning_from(["cart"])


def test_extra_rows_may_not_be_called_like_a_split(data):
    with pytest.raises(ValueError, match="named train; name them otherwise"):
        dataclasses.replace(data, extra={"train": data.eval})
