"""The architectures with schedules, steps and graphs of their own, through the whole pipeline.

They are the models of the runs that the other tests share; the last of these follows on a changed
input, so this file comes after those that look at the runs before it.
"""

import json

import pytest

pytestmark = pytest.mark.e2e

EXPLAINED = {
    "autoifs": {"kept", "gate_value"},
    "csii": {"transferability", "attention", "alpha"},
    "aem2tl": {"personal_gates", "task_gates", "task_weights"},
}


@pytest.fixture(scope="module")
def runs(first, second, changed):
    """Architecture -> its run, in the order of the runs."""
    return {"autoifs": first, "csii": second, "aem2tl": changed}


def test_a_changed_input_file_is_seen(changed):
    assert changed.outcomes["ImpressionExampleGen"] == "done"
    assert changed.outcomes["SpanWindow"] == "cached"


@pytest.mark.parametrize("name", EXPLAINED)
def test_it_is_trained_gated_pushed_and_served(workspace, runs, name):
    # The canary has asked a model server for the recorded rows and compared the scores.
    assert runs[name].exit_code == 0, runs[name].stderr
    document = runs[name].document
    assert document["model"] == name
    assert document["metrics"]["click"]["*"]["auc"] > 0.5
    served = workspace.work_dir / "serving" / "small" / document["version"]
    assert (served / "saved_model.pb").is_file()


@pytest.mark.parametrize("name", EXPLAINED)
def test_it_leaves_what_it_has_learned(workspace, runs, name):
    files = workspace.work_dir.glob("artifacts/Trainer/model_run/*/explain.json")
    # Other files' runs have trained too.
    documents = [json.loads(path.read_text()) for path in files]
    found = [document for document in documents if document.keys() >= EXPLAINED[name]]
    assert found, runs[name].stderr
    for document in found[0].values():
        sizes, values = [len(axis["entries"]) for axis in document["axes"]], document["values"]
        for size in sizes:
            assert len(values) == size
            values = values[0]


def test_static_gates_say_what_they_cost(workspace, runs):
    (path,) = workspace.work_dir.glob("artifacts/Trainer/model_run/*/export.json")
    document = json.loads(path.read_text())
    fates = {
        fate
        for labels in document["exported"].values()
        for flows in labels.values()
        for fate in flows.values()
    }
    assert fates <= {"kept", "removed", "dynamic"}
    static = "dynamic" if fates == {"dynamic"} else "mixed" if "dynamic" in fates else "static"
    assert document["gates"] == static
    validation = document["validation"]
    assert validation["trained"].keys() == validation["exported"].keys() >= {"click", "conversion"}
