"""A rollback, and after it a candidate that learned one scenario from shuffled labels.

It changes the registry, so its file comes after those that look at the runs.
"""

import json
import pathlib
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _shuffle_labels(file: pathlib.Path, scenario: str) -> None:
    """Deals the labels of a scenario's rows out among these rows anew."""
    table = pq.read_table(file)
    here = pc.equal(table["scenario"], scenario).to_numpy()
    order = np.arange(len(table))
    order[here] = np.random.default_rng(1).permutation(order[here])
    for label in ("click", "action", "conversion"):
        column = table[label].combine_chunks().take(pa.array(order))
        table = table.set_column(table.column_names.index(label), label, column)
    pq.write_table(table, file)


def _versions(workspace):
    return json.loads((workspace.work_dir / "registry.json").read_text())["versions"]


def test_a_rollback_is_the_next_baseline_and_shuffled_labels_are_refused(workspace, changed):
    *_, before, _ = _versions(workspace)
    rolled = workspace.command("polyrank", "rollback", "--work-dir", str(workspace.work_dir))
    assert rolled.exit_code == 0, rolled.stderr
    live = _versions(workspace)[-1]
    assert live["rollback_of"] == before["version"]
    shuffled = workspace.folder / "shuffled"
    shutil.copytree(workspace.log, shuffled)
    for day in workspace.days[1:4]:
        for file in (shuffled / f"span={day}").glob("*.parquet"):
            _shuffle_labels(file, "home")
    # So few rows prove that it fell, and not that it fell by more than the other runs may.
    settings = (
        f"window.end={workspace.days[4]}",
        "gate.auc_drop_at_most=0",
        "gate.min_positives=30",
    )
    sets = [word for setting in settings for word in ("--set", setting)]
    run = workspace.run("--data", str(shuffled), *sets)
    assert run.exit_code == 3, run.stderr
    gate = run.document["gate"]
    assert gate["baseline"]["version"] == live["version"]
    reasons = [text for text in gate["reasons"] if "/home: fail: " in text]
    # Rows of one user are one draw: of the three labels' drops not every one is proved.
    assert reasons and all("worse than the baseline's" in text for text in reasons)
    # It was right about the others: no scenario but that one is proved to have fallen.
    assert {cell["scenario"] for cell in gate["cells"] if cell["refuses"]} <= {"home", "*"}
