"""The model that a run is given, checked before any work."""

import json

import pytest
from tfx.types import standard_artifacts

from common.settings import SettingsError
from components.model_settings.executor import Executor


def settings(folder, model, max_epochs=3):
    artifact = standard_artifacts.HyperParameters()
    artifact.uri = str(folder)
    properties = {"model": model, "max_epochs": max_epochs, "code_digest": "x"}
    Executor().Do({}, {"hyperparameters": [artifact]}, properties)
    (file,) = folder.iterdir()
    return json.loads(file.read_text())


def test_every_hyper_parameter_is_named(tmp_path):
    found = settings(tmp_path, '{"name": "mmoe", "dropout": 0.5}')
    assert (found["name"], found["dropout"], found["wide"]) == ("mmoe", 0.5, True)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("mmoe", "model is 'mmoe'; want a JSON object"),
        ("[1]", r"model is '\[1\]'; want a JSON object"),
        ('{"name": "mmo"}', "unknown architecture 'mmo'; did you mean 'mmoe'"),
        ('{"name": "mmoe", "droput": 1}', "unknown key 'droput'; did you mean 'dropout'"),
        ('{"name": "autoifs"}', "max_epochs is 1, and 'autoifs' needs 4"),
    ],
)
def test_a_model_that_cannot_be_trained(tmp_path, model, message):
    with pytest.raises(SettingsError, match=message):
        settings(tmp_path, model, max_epochs=1)
    assert not list(tmp_path.iterdir())
