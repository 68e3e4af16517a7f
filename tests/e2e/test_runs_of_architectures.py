"""The architectures with schedules, steps and graphs of their own, through the whole pipeline.

They are the models of the runs that the other tests share. That of AEM2TL, which
training/test_workers.py trains and exports too, follows on a changed input, so this file comes
after those that look at the runs before it.
"""

import json

import pytest

pytestmark = pytest.mark.e2e

EXPLAINED = {
    "autoifs": {"kept", "gate_value"},
    "csii": {"transferability", "attention", "alpha"},
    "aem2tl": {"personal_gates", "task_gates", "task_weights"},
}


RUNS = {"autoifs": "first", "csii": "second", "aem2tl": "changed"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name == "aem2tl")) for name in RUNS]


@pytest.fixture
def run(request, name):
    """The architecture's run."""
    return request.getfixturevalue(RUNS[name])


@pytest.mark.slow
def test_a_changed_input_file_is_seen(changed):
    assert changed.outcomes["ImpressionExampleGen"] == "done"
    assert changed.outcomes["SpanWindow"] == "cached"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_trained_gated_pushed_and_served(workspace, run, name):
    # The canary has asked a model server for the recorded rows and compared the scores.
    assert run.exit_code == 0, run.stderr
    document = run.document
    assert document["model"] == name
    assert document["metrics"]["click"]["*"]["auc"] > 0.5
    served = workspace.work_dir / "serving" / "small" / document["version"]
    assert (served / "saved_model.pb").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_what_it_has_learned(workspace, run, name):
    files = workspace.work_dir.glob("artifacts/Trainer/model_run/*/explain.json")
    # Other files' runs have trained too.
    documents = [json.loads(path.read_text()) for path in files]
    found = [document for document in documents if document.keys() >= EXPLAINED[name]]
    assert found, run.stderr
    for document in found[0].values():
        sizes, values = [len(axis["entries"]) for axis in document["axes"]], document["values"]
        for size in sizes:
            assert len(values) == size
            values = values[0]


def test_static_gates_say_what_they_cost(workspace, first):
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
