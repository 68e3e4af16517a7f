"""A recurring run on Kubeflow, over HTTP."""

import dataclasses

import pytest
from kubeflow_server import KubeflowServer
from ports import free_ports

from common.errors import PolyrankError
from pipeline.kubeflow.recurring_run import Kubeflow, RecurringRun


@pytest.fixture
def server():
    made = KubeflowServer()
    yield made
    made.close()


@pytest.fixture
def daily(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(b"pipelineInfo: {name: shop}\n")
    return RecurringRun("daily", "0 0 3 * * *", "shop", "shop-1", spec, {"window-end": "latest"})


def test_the_first_creates_pipeline_experiment_and_recurring_run(server, daily):
    made = Kubeflow(server.url).schedule(daily)
    assert server.pipelines == {made.pipeline_id: {"display_name": "shop"}}
    assert server.versions[made.version_id]["display_name"] == "shop-1"
    assert server.uploads[made.version_id] == b"pipelineInfo: {name: shop}\n"
    ((experiment_id, experiment),) = server.experiments.items()
    assert experiment == {"display_name": "shop"}
    assert server.recurring_runs == {
        made.recurring_run_id: {
            "display_name": "daily",
            "experiment_id": experiment_id,
            "pipeline_version_reference": {
                "pipeline_id": made.pipeline_id,
                "pipeline_version_id": made.version_id,
            },
            "runtime_config": {"parameters": {"window-end": "latest"}},
            "trigger": {"cron_schedule": {"cron": "0 0 3 * * *"}},
            "max_concurrency": "1",
            "no_catchup": True,
            "mode": "ENABLE",
            "status": "ENABLED",
        }
    }
    assert made.replaced == ()


def test_the_next_takes_the_place_of_those_of_its_name(server, daily):
    kubeflow = Kubeflow(server.url)
    first = kubeflow.schedule(daily)
    other = kubeflow.schedule(dataclasses.replace(daily, name="weekly", version="shop-2"))
    # What broken attempts may leave: more than a page of the same name, disabled.
    left = [
        server.add("recurring_runs", **{**server.recurring_runs[first.recurring_run_id]})
        for _ in range(3)
    ]
    for key in left:
        server.recurring_runs[key].update(mode="DISABLE", status="DISABLED")
    third = kubeflow.schedule(dataclasses.replace(daily, version="shop-3", cron="0 0 4 * * *"))
    assert third.replaced == (first.recurring_run_id, *left)
    assert third.pipeline_id == first.pipeline_id and len(server.experiments) == 1
    assert set(server.recurring_runs) == {other.recurring_run_id, third.recurring_run_id}
    kept = server.recurring_runs[third.recurring_run_id]
    assert kept["trigger"] == {"cron_schedule": {"cron": "0 0 4 * * *"}}
    assert kept["pipeline_version_reference"]["pipeline_version_id"] == third.version_id


def test_the_older_one_stays_where_the_new_one_is_refused(server, daily):
    kubeflow = Kubeflow(server.url)
    first = kubeflow.schedule(daily).recurring_run_id
    server.fail_on = "POST recurringruns"
    with pytest.raises(PolyrankError, match="can't schedule 'daily': HTTP 500: .*database is down"):
        kubeflow.schedule(dataclasses.replace(daily, version="shop-2"))
    assert list(server.recurring_runs) == [first]
    assert server.recurring_runs[first]["status"] == "ENABLED"
    assert f"POST recurringruns/{first}:disable" in server.calls


def test_an_unfinished_run_is_neither_ended_nor_overlapped(server, daily):
    kubeflow = Kubeflow(server.url)
    first = kubeflow.schedule(daily).recurring_run_id
    place = {"experiment_id": server.recurring_runs[first]["experiment_id"]}
    run = server.add(
        "runs", recurring_run_id=first, display_name="Run of daily", state="RUNNING", **place
    )
    again = dataclasses.replace(daily, version="shop-2")
    with pytest.raises(PolyrankError, match=rf"'daily' is not replaced: .*\({run}\) is running"):
        kubeflow.schedule(again)
    assert list(server.recurring_runs) == [first]
    assert server.recurring_runs[first]["status"] == "ENABLED"
    assert f"POST recurringruns/{first}:disable" not in server.calls
    server.runs[run]["state"] = "SUCCEEDED"
    kubeflow.schedule(again)
    assert first not in server.recurring_runs


def test_a_token_is_sent_and_asked_for(daily):
    server = KubeflowServer(token="secret")
    try:
        with pytest.raises(PolyrankError, match=r"refuses \(HTTP 401\): give --token-file"):
            Kubeflow(server.url)
        Kubeflow(server.url, "team", "secret").schedule(daily)
        assert len(server.recurring_runs) == 1
    finally:
        server.close()


def test_an_address_where_kubeflow_is_not(server):
    with pytest.raises(PolyrankError, match="answers HTTP 404 at /apis/v2beta1/healthz"):
        Kubeflow(f"{server.url}/somewhere")
    closed = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(PolyrankError, match=f"--host {closed} can't be reached: .*refused"):
        Kubeflow(closed)
