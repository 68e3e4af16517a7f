"""Two models and two seeds, killed after the first result, then finished."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.trials.data import TrialData
from models.trials.result import read_result, read_scores

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def arguments(workspace):
    return [
        *("compare", "--models", "shared_bottom,mmoe", "--seeds", "2", "--epochs", "1"),
        *("--config", str(workspace.config), "--work-dir", str(workspace.work_dir)),
        *("--out", "compared", "--model-set", "mmoe:experts=2", "--json"),
    ]


@pytest.fixture(scope="module")
def killed(workspace, first, arguments):
    """A comparison that was killed; returns result file -> when it was written."""
    assert first.exit_code == 0, first.stderr
    out = workspace.folder / "compared"
    with subprocess.Popen(
        [str(pathlib.Path(sys.executable).parent / "polyrank"), *arguments],
        cwd=workspace.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        while not list(out.glob("trials/*/*/result.json")):
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while workers(out) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not workers(out)
    return {path: path.stat().st_mtime_ns for path in out.glob("trials/*/*/result.json")}


@pytest.fixture(scope="module")
def finished(workspace, killed, arguments):
    return workspace.command("polyrank", *arguments)


def workers(out: pathlib.Path) -> list[str]:
    """The command lines of processes that train for a comparison."""
    found = []
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"{out}{os.sep}trials" in line:
            found.append(line)
    return found


def test_a_killed_comparison_goes_on(killed, finished):
    assert finished.exit_code == 0, finished.stderr
    assert finished.document["status"] == "compared"
    assert 1 <= len(killed) < 4
    assert finished.stderr.count("finished before") == len(killed)
    assert {path: path.stat().st_mtime_ns for path in killed} == killed
    trials = {(trial["model"], trial["seed"]) for trial in finished.document["trials"]}
    assert trials == {(model, seed) for model in ("shared_bottom", "mmoe") for seed in (0, 1)}


def test_both_comparisons_are_listed_as_such(workspace, finished):
    listed = workspace.command("polyrank", "runs", "--work-dir", str(workspace.work_dir), "--json")
    killed, compared = (x for x in listed.document["runs"] if x["kind"] == "compare")
    assert killed["status"] == "no result: running, or killed"
    assert killed["models"] == compared["models"] == ["shared_bottom", "mmoe"]
    assert (compared["status"], compared["best"]) == ("compared", best_of(finished.document))


def best_of(document) -> str:
    means = {
        cell["model"]: cell["mean"]
        for cell in document["cells"]
        if (cell["output"], cell["metric"]) == ("mean over outputs", "auc")
    }
    return max(means, key=means.get)


def test_the_features_are_those_of_the_pipeline(finished):
    assert finished.stderr.count("cached") == 8
    costs = finished.document["costs"]
    rows = finished.document["rows"]["train"]
    assert {cost["examples"] for cost in costs.values()} == {rows // 512 * 512}
    assert finished.document["models"]["mmoe"]["experts"] == 2


def test_a_trial_says_what_it_learned(workspace, finished):
    folder = workspace.folder / "compared" / "trials" / "mmoe" / "seed-1"
    gates = json.loads((folder / "explain.json").read_text())["gates"]
    names = [axis["name"] for axis in gates["axes"]]
    assert names == ["scenario", "label", "expert"]
    # Means of a softmax over the two experts; no row of a scenario, no mean.
    sums = [sum(experts) for labels in gates["values"] for experts in labels if None not in experts]
    assert sums == pytest.approx([1.0] * len(sums), abs=1e-5) and len(sums) >= 3


def test_the_numbers_are_those_of_the_scores(workspace, finished):
    (features,) = (workspace.work_dir / "features").iterdir()
    rows = TrialData.load(features).eval
    names = TrialData.load(features).layout.scenarios
    with pathlib.Path(finished.document["files"]["comparison"]).open() as file:
        table = {
            (row["model"], row["output"], row["scenario"], row["metric"], row["seed"]): row["value"]
            for row in csv.DictReader(file)
        }
    checked = 0
    for model, seed in (("shared_bottom", "0"), ("mmoe", "1")):
        folder = workspace.folder / "compared" / "trials" / model / f"seed-{seed}"
        scores = read_scores(folder)
        assert read_result(folder) is not None
        for output, values in scores.items():
            inside = rows.column(weight_key(output)) > 0
            for scenario in ("*", *names):
                mask = inside.copy()
                if scenario != "*":
                    mask &= rows.column(SCENARIO_KEY) == names.index(scenario)
                targets = rows.column(target_key(output))[mask]
                written = table[model, output, scenario, "auc", seed]
                if len(np.unique(targets)) < 2:
                    assert written == ""
                    continue
                scored = values[mask].astype(np.float64)
                assert float(written) == pytest.approx(roc_auc_score(targets, scored), abs=1e-9)
                written = table[model, output, scenario, "logloss", seed]
                assert float(written) == pytest.approx(log_loss(targets, scored), abs=1e-6)
                checked += 1
    assert checked > 40


def test_the_files_are_there(finished):
    files = {name: pathlib.Path(path) for name, path in finished.document["files"].items()}
    report = files["report"].read_text()
    assert "| model | mean AUC |" in report and "Mean over 2 seeds" in report
    assert files["plot"].read_bytes().startswith(b"\x89PNG")
    with files["summary"].open() as file:
        # 2 models x 3 metrics x (6 outputs x 8 scenarios and the mean)
        assert len(list(csv.DictReader(file))) == 2 * 3 * (6 * 8 + 1)


def test_a_trial_that_fails_is_told(workspace, finished, arguments):
    out = workspace.folder / "failing"
    trial = out / "trials" / "mmoe" / "seed-0"
    trial.mkdir(parents=True)
    # A file in the place of a folder that the trial needs.
    (trial / "checkpoints").touch()
    changed = [str(out) if word == "compared" else word for word in arguments]
    changed[changed.index("--seeds") + 1] = "1"
    failing = workspace.command("polyrank", *changed)
    assert failing.exit_code == 1
    assert failing.document["status"] == "failed trials"
    assert "failed: exit status 1: " in failing.stderr
    assert str(trial / "trial.log") in failing.stderr
    assert list(failing.document["costs"]) == ["shared_bottom"]
    assert "**Failed trials" in pathlib.Path(failing.document["files"]["report"]).read_text()
