"""The architectures with schedules, steps and graphs of their own, through the whole pipeline."""

import json

import pytest

pytestmark = pytest.mark.e2e

SETTINGS = {
    "autoifs": ("model.export_gates=static", "model.search_epochs=1"),
    "csii": (),
    "aem2tl": (),
}
EXPLAINED = {
    "autoifs": {"kept", "gate_value"},
    "csii": {"transferability", "attention", "alpha"},
    "aem2tl": {"personal_gates", "task_gates", "task_weights"},
}


@pytest.fixture(scope="module")
def runs(workspace):
    """One run an architecture, in one work folder: what is before the Trainer runs once."""
    folder = workspace.folder / "architectures"
    found = {}
    for name, settings in SETTINGS.items():
        chosen = [f"model.name={name}", "model.embedding_dim=4", *settings]
        sets = [word for setting in chosen for word in ("--set", setting)]
        found[name] = workspace.run("--work-dir", str(folder), *sets)
    return folder, found


@pytest.mark.parametrize("name", SETTINGS)
def test_it_is_trained_gated_pushed_and_served(runs, name):
    folder, found = runs
    # The canary has asked a model server for the recorded rows and compared the scores.
    assert found[name].exit_code == 0, found[name].stderr
    document = found[name].document
    assert document["model"] == name
    assert document["metrics"]["click"]["all"]["auc"] > 0.5
    served = folder / "serving" / "small" / document["version"]
    assert (served / "saved_model.pb").is_file()


@pytest.mark.parametrize("name", SETTINGS)
def test_it_leaves_what_it_has_learned(runs, name):
    folder, found = runs
    files = list(folder.glob("artifacts/Trainer/model_run/*/explain.json"))
    files.sort(key=lambda path: int(path.parent.name))
    assert len(files) == len(SETTINGS)
    explained = json.loads(files[list(SETTINGS).index(name)].read_text())
    assert explained.keys() >= EXPLAINED[name], found[name].stderr
    for document in explained.values():
        sizes, values = [len(axis["entries"]) for axis in document["axes"]], document["values"]
        for size in sizes:
            assert len(values) == size
            values = values[0]


def test_static_gates_say_what_they_cost(runs):
    folder, _ = runs
    (path,) = folder.glob("artifacts/Trainer/model_run/*/export.json")
    document = json.loads(path.read_text())
    assert document["gates"] == "static"
    validation = document["validation"]
    assert validation["trained"].keys() == validation["exported"].keys() >= {"click", "conversion"}
