"""Runs that prune as they end, and runs of what was pruned."""

import json

import pytest
from conftest import ROOT
from google.protobuf import text_format

from data import synthetic
from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.retention.sizes import work_folder_sizes
from schemas.contract import load_schema
from serving.loading.version_files import versions_on_disk

pytestmark = pytest.mark.slow

CONFIG = """
name: small
data: {path: log, schema_path: schema.pbtxt}
window: {train_spans: 2, eval_spans: 1}
model: {name: shared_bottom}
training: {max_epochs: 1, batch_size: 512}
references: {enabled: false}
gate:
  {auc_at_least: 0.1, calibration_between: [0.01, 100.0], min_positives: 1, min_negatives: 1,
   auc_drop_at_most: null}
retention: {keep_runs: 1, keep_versions: 2}
"""


@pytest.fixture(scope="module")
def pruned(tmp_path_factory, empty_workspace):
    workspace = empty_workspace(tmp_path_factory.mktemp("pruned"))
    config = synthetic.SyntheticConfig(rows=2000, days=4, seed=3)
    synthetic.write_log(workspace.log, config)
    schema = load_schema(ROOT / "schemas/synthetic/schema.pbtxt")
    left_out = ("action", "conversion", "true_")
    kept = [x for x in schema.feature if not x.name.startswith(left_out)]
    del schema.feature[:]
    schema.feature.extend(kept)
    (workspace.folder / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    workspace.config.write_text(CONFIG)
    windows = ("2026-01-03", "2026-01-04", "2026-01-03", "2026-01-03")
    seeds = ("1", "1", "2", "2")
    runs = [
        workspace.run("--set", f"window.end={end}", "--set", f"training.seed={seed}")
        for end, seed in zip(windows, seeds, strict=True)
    ]
    return workspace, runs


def test_every_run_ends_well(pruned):
    _, runs = pruned
    for run in runs:
        assert run.exit_code == 0, run.stderr


def test_what_was_pruned_is_made_again_and_then_comes_from_the_cache(pruned):
    workspace, (first, second, third, last) = pruned
    # The runs of the live version and of the one before it are kept besides the newest.
    assert "pruned: " not in first.stderr and "pruned: " not in second.stderr
    (line,) = [x for x in third.stderr.splitlines() if x.strip().startswith("pruned: ")]
    assert line.strip().startswith("pruned: 1 runs, 1 versions, ")
    # The first run's window again: its rows came from the cache before it was pruned.
    assert third.outcomes["ImpressionExampleGen"] == "cached"
    assert third.outcomes["Trainer"] == "done"
    assert set(last.outcomes.values()) == {"cached"}


def test_versions_and_disk(pruned):
    workspace, runs = pruned
    versions = [run.document["version"] for run in runs[:3]]
    registered = json.loads((workspace.work_dir / "registry.json").read_text())["versions"]
    assert [x["version"] for x in registered] == versions
    assert [bool(x["pruned"]) for x in registered] == [True, False, False]
    folder = workspace.work_dir / "serving" / "small"
    assert sorted(map(str, versions_on_disk(folder))) == versions[1:]
    sizes = work_folder_sizes(Locations(str(workspace.work_dir), "small"), MetadataConfig())
    # The first run's folder is gone; of its artifacts those are left that the third has too.
    kept = [run.document["run_directory"].rpartition("/")[2] for run in runs[1:]]
    assert [name for name in sizes.runs if name in kept] == kept
    assert sizes.total == sum(sum(x.values()) for x in (sizes.runs, sizes.versions, sizes.other))
