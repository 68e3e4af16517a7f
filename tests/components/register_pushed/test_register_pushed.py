import json

import pytest
from made_entries import made_entry
from tfx.types import standard_artifacts

from components.common.artifacts import GateResult, Registration, SpanWindow
from components.model_registry import registry
from components.register_pushed.executor import Executor
from components.register_pushed.run_info import RunInfo


@pytest.fixture
def register(tmp_path):
    """Runs the executor for a push (or none); returns what registration.json holds."""

    def run(pushed: int, blessed: int = 1):
        gate, registration = GateResult(), Registration()
        gate.uri, registration.uri = str(tmp_path / "gate"), str(tmp_path / "out")
        (tmp_path / "gate").mkdir()
        counts = {"pass": 2, "fail": 0, "insufficient data": 1}
        (tmp_path / "gate" / "gate.json").write_text(json.dumps({"counts": counts}))
        push, blessing = standard_artifacts.PushedModel(), standard_artifacts.ModelBlessing()
        push.set_int_custom_property("pushed", pushed)
        if pushed:
            push.set_string_custom_property("pushed_version", "1767225600")
            push.set_string_custom_property(
                "pushed_destination", str(tmp_path / "serving" / "1767225600")
            )
        blessing.set_int_custom_property("blessed", blessed)
        settings = standard_artifacts.HyperParameters()
        settings.uri = str(tmp_path / "settings")
        (tmp_path / "settings").mkdir()
        (tmp_path / "settings" / "model.json").write_text('{"name": "mmoe"}')
        info = RunInfo(schema_digest="d")
        window = SpanWindow()
        window.uri = str(tmp_path / "window")
        (tmp_path / "window").mkdir()
        (tmp_path / "window" / "window.json").write_text(
            json.dumps({"train": ["2026-01-01", "2026-01-02"], "eval": ["2026-01-03"]})
        )
        context = Executor.Context(tmp_dir=str(tmp_path), unique_id="1", pipeline_run_id="run-1")
        Executor(context).Do(
            {
                "pushed_model": [push],
                "model": [standard_artifacts.Model()],
                "hyperparameters": [settings],
                "gate": [gate],
                "blessing": [blessing],
                "window": [window],
            },
            {"registration": [registration]},
            {
                "registry_path": str(tmp_path / "registry.json"),
                "run_fingerprint": "f",
                "run_info": info.model_dump_json(),
                "code_digest": "x",
            },
        )
        assert registration.get_int_custom_property("registered") == pushed
        return json.loads((tmp_path / "out" / "registration.json").read_text())

    return run


def test_a_push_is_registered(register, tmp_path):
    written = register(pushed=1)
    (entry,) = registry.entries(tmp_path / "registry.json")
    assert written == {"entry": entry.model_dump(mode="json"), "reason": None}
    assert entry.version == "1767225600"
    assert entry.pushed_destination == "serving/1767225600"
    assert (entry.run_fingerprint, entry.run_id, entry.spans) == (
        "f",
        "run-1",
        ("2026-01-01", "2026-01-02"),
    )
    assert entry.gate == {"pass": 2, "fail": 0, "insufficient data": 1}
    assert (entry.model, entry.schema_digest) == ("mmoe", "d")
    assert entry.time.endswith("+00:00")


def test_what_pusher_registered_is_completed_where_it_is(register, tmp_path):
    path = tmp_path / "registry.json"
    pushed = made_entry("1767225600", run_fingerprint="f", spans=(), model="", gate={})
    after = made_entry("1767225601", rollback_of="7")
    for entry in (pushed, after):
        registry.append(path, entry)
    register(pushed=1)
    completed, last = registry.entries(path)
    # A rollback that came in between stays live.
    assert last == after
    assert (completed.model, completed.spans) == ("mmoe", ("2026-01-01", "2026-01-02"))
    assert completed.gate == {"pass": 2, "fail": 0, "insufficient data": 1}
    assert (completed.time, completed.run_fingerprint) == (pushed.time, "f")


@pytest.mark.parametrize(
    ("blessed", "reason"), [(0, "the model was not blessed"), (1, "see the canary")]
)
def test_what_was_not_pushed_is_not_registered(register, tmp_path, blessed, reason):
    written = register(pushed=0, blessed=blessed)
    assert written["entry"] is None
    assert reason in written["reason"]
    assert not (tmp_path / "registry.json").exists()
