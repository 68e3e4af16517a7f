"""Configurations: presets, overrides, and errors that name the nearest valid key."""

import pathlib

import pytest

from common.settings import SettingsError
from pipeline.config_files import apply_override, load_config
from pipeline.presets import config_path, preset_names, preset_path


def _write(folder: pathlib.Path, text: str) -> pathlib.Path:
    path = folder / "my.yaml"
    path.write_text(text)
    return path


MINIMAL = "data: {path: log, schema_path: schema.pbtxt}\nmodel: {name: shared_bottom}\n"


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_its_schema_exists(name):
    config = load_config(preset_path(name))
    assert pathlib.Path(config.data.schema_path).is_file()
    assert name.startswith(config.data.adapter)


def test_paths_are_relative_to_the_config_file(tmp_path):
    config = load_config(_write(tmp_path, MINIMAL))
    assert config.data.path == str(tmp_path / "log")
    assert config.data.schema_path == str(tmp_path / "schema.pbtxt")


def test_command_line_paths_replace_those_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(_write(tmp_path, MINIMAL), data_path="other", schema_path="gs://b/s.pbtxt")
    assert config.data.path == str(tmp_path / "other")
    assert config.data.schema_path == "gs://b/s.pbtxt"
    config = load_config(_write(tmp_path, MINIMAL), ["data.path=third"])
    assert config.data.path == str(tmp_path / "third")


def test_overrides_are_typed_by_yaml_and_leave_their_input_alone():
    values = {"model": {"name": "mmoe"}}
    assert apply_override(values, "model.dropout=0.5")["model"] == {"name": "mmoe", "dropout": 0.5}
    assert values == {"model": {"name": "mmoe"}}


def test_a_date_may_be_written_without_quotes(tmp_path):
    config = load_config(_write(tmp_path, MINIMAL), ["window.end=2026-01-05"])
    assert config.window.end == "2026-01-05"


def test_an_override_chooses_the_architecture(tmp_path):
    config = load_config(_write(tmp_path, MINIMAL), ["model.name=mmoe", "training.seed=7"])
    assert (config.model.name, type(config.model).__name__) == ("mmoe", "MMoEConfig")
    assert config.training.seed == 7


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.batchsize=5", "unknown key 'training.batchsize'; did you mean 'batch_size'?"),
        ("widow.end=latest", "unknown key 'widow'; did you mean 'window'?"),
        ("model.name=mmo", "unknown architecture 'mmo'; did you mean 'mmoe'?"),
        ("model.droput=0.1", "unknown key 'droput'; did you mean 'dropout'?"),
        ("training.batch_size=0", "'training.batch_size' is 0"),
        ("name=My_Model", "'name' is 'My_Model'"),
        ("training.batch_size=on", "'training.batch_size': true is no number (YAML reads on and"),
        ("model.tower_units=[8, yes]", "'tower_units': true is no number"),
        ("model.wide=1", "'wide': 1 is neither true nor false; write one of them"),
        ("training.loss_weights={click: off}", "'training.loss_weights': false is no number"),
        ("training.loss_weights={click: -1}", "'training.loss_weights.click' is -1"),
        ("training.loss_weights={click: .nan}", "'training.loss_weights.click' is nan"),
        ("training.loss_weights={click: .inf}", "'training.loss_weights.click' is inf"),
        ("gate.calibration_between=[.nan, 2]", "'gate.calibration_between.0' is nan"),
        ("gate.overrides={click: {auc_at_least: on}}", "'gate.overrides.click.auc_at_least': true"),
        (
            "training.seed=010",
            "--set training.seed=010, line 1, column 1: 010 begins with 0, as octal numbers of YAML"
            " do; write 10, or '010' in quotes for a text",
        ),
        (
            "training.seed=1:00",
            "--set training.seed=1:00, line 1, column 1: 1:00 is a number of base 60 in YAML",
        ),
        (
            "gate={overrides: {click: {}, click: {}}}",
            "line 1, column 25: 'click' is set twice, first on line 1, column 14; keep one",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path, override, message):
    with pytest.raises(SettingsError) as error:
        load_config(_write(tmp_path, MINIMAL), [override])
    assert message in str(error.value)


def test_an_override_without_a_value_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="write --set KEY=VALUE"):
        load_config(_write(tmp_path, MINIMAL), ["model.name"])
    with pytest.raises(SettingsError, match="'name' holds a value"):
        load_config(_write(tmp_path, MINIMAL), ["model.name.x=1"])


def test_a_key_that_is_set_twice_is_refused_with_both_lines(tmp_path):
    path = _write(tmp_path, MINIMAL + "training: {}\nmodel: {name: mmoe}\n")
    with pytest.raises(SettingsError) as error:
        load_config(path)
    assert str(error.value) == (
        f"{path}, line 4, column 1: 'model' is set twice, first on line 2, column 1; keep one of "
        "the two"
    )


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SettingsError, match="does not exist"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="is a folder; name the YAML file in it"):
        load_config(tmp_path)
    with pytest.raises(SettingsError, match="want a mapping"):
        load_config(_write(tmp_path, "- a\n- b\n"))
    with pytest.raises(SettingsError, match=r"my\.yaml"):
        load_config(_write(tmp_path, "a: [1\n"))
    with pytest.raises(SettingsError, match="did you mean 'synthetic'"):
        preset_path("sintetic")


def test_a_configuration_is_a_presets_name_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    (tmp_path / "synthetic").mkdir()
    assert config_path("synthetic") == preset_path("synthetic")
    assert config_path("mine") == pathlib.Path("mine")
    assert config_path("./synthetic") == pathlib.Path("synthetic")
    assert config_path(pathlib.Path("synthetic")) == pathlib.Path("synthetic")
    assert config_path("none.yaml") == pathlib.Path("none.yaml")
    with pytest.raises(SettingsError, match="unknown preset 'sintetic'; did you mean 'synthetic'"):
        config_path("sintetic")
