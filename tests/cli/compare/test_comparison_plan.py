import pytest

from cli.compare.plan import make_comparison
from common.settings import SettingsError
from pipeline.config_files import load_config
from pipeline.presets import preset_path


def config(*overrides):
    return load_config(preset_path("synthetic"), overrides)


def test_all_models_take_the_keys_that_every_architecture_has():
    shared = config("model.dropout=0.3", "model.embedding_dim=8", "model.experts=6")
    found = make_comparison(shared, ["shared_bottom", "mmoe"], [], 1)
    assert [m.dropout for m in found.models.values()] == [0.3, 0.3]
    assert [m.embedding_dim for m in found.models.values()] == [8, 8]
    assert found.models["mmoe"].experts == 6
    assert not hasattr(found.models["shared_bottom"], "experts")


def test_one_model_takes_keys_of_its_own():
    overrides = ["mmoe:experts=2", "mmoe:tower_units=[5]", "shared_bottom:dropout=0.1"]
    found = make_comparison(config(), ["shared_bottom", "mmoe"], overrides, 1)
    assert found.models["mmoe"].experts == 2
    assert found.models["mmoe"].tower_units == (5,)
    assert (found.models["mmoe"].dropout, found.models["shared_bottom"].dropout) == (0.0, 0.1)


def test_a_model_of_the_users_own_is_named_by_its_class(tmp_path, monkeypatch):
    (tmp_path / "shop_model.py").write_text("from models.zoo.multi_task.mmoe import MMoE as Shop\n")
    monkeypatch.syspath_prepend(tmp_path)
    name = "shop_model:Shop"
    overrides = [f"{name}:experts=3", "mmoe:experts=2", f"{name}:gates=task"]
    found = make_comparison(config("model.dropout=0.3"), ["mmoe", name], overrides, 1, name)
    own = found.models[name]
    assert (own.name, own.experts, own.gates, own.dropout) == (name, 3, "task", 0.3)
    assert found.models["mmoe"].experts == 2 and found.baseline == name


def test_every_seed_has_the_whole_budget():
    shared = config("training.seed=5", "training.patience=1")
    found = make_comparison(shared, ["mmoe"], [], 3, epochs=4)
    assert found.seeds == (5, 6, 7)
    training = found.training(6)
    assert (training.seed, training.max_epochs, training.patience) == (6, 4, 4)


def test_every_models_first_seed_comes_first():
    found = make_comparison(config(), ["mmoe", "shared_bottom"], [], 2)
    assert found.trials == [
        ("mmoe", 0),
        ("shared_bottom", 0),
        ("mmoe", 1),
        ("shared_bottom", 1),
    ]
    assert found.baseline == "mmoe"


@pytest.mark.parametrize(
    ("names", "overrides", "baseline", "message"),
    [
        ([], [], None, "--models is empty"),
        (["mmo"], [], None, "--models: unknown architecture 'mmo'; did you mean 'mmoe'"),
        (["mmoe", "mmoe"], [], None, "--models names 'mmoe' twice"),
        (["mmoe"], [], "ple", "--baseline 'ple' is not in --models"),
        (["mmoe"], ["mmoe:expert=2"], None, "model 'mmoe': unknown key 'expert'; did you mean"),
        (["mmoe"], ["mmoe:experts=many"], None, "model 'mmoe': 'experts' is 'many'"),
        (["mmoe"], ["ple:experts=2"], None, "'ple' is not in --models"),
        (["mmoe"], ["experts=2"], None, "write NAME:KEY=VALUE"),
        (["mmoe"], ["mmoe:experts=[2"], None, "--model-set mmoe:experts=\\[2, line 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(names, overrides, baseline, message):
    with pytest.raises(SettingsError, match=message):
        make_comparison(config(), names, overrides, 1, baseline)
