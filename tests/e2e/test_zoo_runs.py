"""Every architecture through the whole pipeline: trained, gated, pushed and queried.

Each is a run of its own in one work folder, so that what comes before the Trainer is made
once. The gate compares a model with the one that was pushed before it, whose architecture is
another, and lets it be worse; what it must reach by itself holds. `make test` takes two of the
zoo through the pipeline in the runs that its other tests share (test_runs_of_architectures).
"""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from models.registry import names
from serving.client import Client
from serving.server import ModelServer

pytestmark = [pytest.mark.e2e, pytest.mark.zoo]

ON_KUAIRAND = ("taml", "causalint", "dffm", "hinet")

QUERIED = 40


def check_pushed(run, name):
    assert run.exit_code == 0, run.stderr
    document = run.document
    assert (document["status"], document["model"]) == ("pushed", name)
    assert document["metrics"]["click"]["*"]["auc"] > 0.55
    return document


def check_queried(workspace, base_path, file, outputs):
    """A server of what was pushed answers with a probability for every output and row."""
    name = base_path.name
    with ModelServer(name, base_path) as server, Client(server.target, name) as client:
        client.wait_until_available()
        answer = workspace.command(
            "polyrank", "predict", "--parquet", str(file), "--rows", str(QUERIED),
            "--target", server.target, "--model-name", name, "--json",
        )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(rows) == QUERIED
    for output in outputs:
        scores = np.array([row[output] for row in rows])
        assert ((scores > 0) & (scores < 1)).all() and np.ptp(scores) > 1e-4, output


@pytest.mark.parametrize("name", names())
def test_it_is_trained_gated_pushed_and_queried(own_workspace, name):
    run = own_workspace.run(
        *("--set", f"model.name={name}", "--set", "gate.auc_drop_at_most=null"),
        *(("--set", "model.search_epochs=1") if name == "autoifs" else ()),
    )
    document = check_pushed(run, name)
    served = own_workspace.work_dir / "serving" / "small"
    assert (served / document["version"] / "saved_model.pb").is_file()
    file = max(own_workspace.log.glob("span=*/*.parquet"))
    assert pq.read_metadata(file).num_rows >= QUERIED
    check_queried(own_workspace, served, file, document["metrics"])


@pytest.mark.parametrize("name", ON_KUAIRAND)
def test_it_is_pushed_from_the_kuairand_preset(own_workspace, kuairand_excerpt, tmp_path, name):
    """With histories, which DFFM attends to itself."""
    run = own_workspace.command(
        "polyrank", "run", "--preset", "kuairand", "--data", str(kuairand_excerpt),
        "--work-dir", str(tmp_path / "work"), "--json", "--set", f"model.name={name}",
        "--set", "data.adapter_options.history={events: [click], length: 20}",
        "--set", "leaks.exempt=[history_video_id]",
    )  # fmt: skip
    document = check_pushed(run, name)
    served = tmp_path / "work" / "serving" / "kuairand"
    file = max((tmp_path / "work").glob("data/*/span=*/*.parquet"))
    check_queried(own_workspace, served, file, document["metrics"])
