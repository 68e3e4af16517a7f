"""A canary that is refused, and what the next runs do again: no training."""

import os

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Finished, Workspace

from pipeline.run_record import RunRecord

pytestmark = pytest.mark.e2e

SCHEMA = """
feature { name: "label" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  not_in_environment: "SERVING" annotation { tag: "label:click" } }
feature { name: "price" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "numeric:buckets=8" } }
feature { name: "place" type: BYTES annotation { tag: "categorical" } }
default_environment: "TRAINING"
default_environment: "SERVING"
"""
ROWS = 3_000
TRAINED = ("Trainer", "Evaluator", "PromotionGate")


@pytest.fixture(scope="module")
def shop(tmp_path_factory, preloaded) -> Workspace:
    folder = tmp_path_factory.mktemp("shop")
    random = np.random.default_rng(5)
    place = random.integers(0, 6, ROWS)
    label = (random.random(ROWS) < np.linspace(0.1, 0.6, 6)[place]).astype(int)
    span = folder / "log" / "span=2026-03-01"
    span.mkdir(parents=True)
    # A log without a user and a time is split by a hash of the row.
    columns = {"label": label, "place": [f"p{x}" for x in place], "price": random.random(ROWS)}
    rows = pd.DataFrame(columns).astype({"price": np.float32})
    rows.to_parquet(span / "rows.parquet", index=False)
    (folder / "schema.pbtxt").write_text(SCHEMA)
    config = {
        "name": "shop",
        "data": {"path": "log", "schema_path": "schema.pbtxt"},
        "model": {"name": "shared_bottom", "embedding_dim": 2},
        "training": {"max_epochs": 1, "batch_size": 256, "learning_rate": 0.02},
        "gate": {"auc_at_least": 0.4, "calibration_between": [0.2, 5.0]},
        "references": {"enabled": False},
    }
    found = Workspace(folder, preloaded)
    found.config.write_text(yaml.safe_dump(config))
    return found


@pytest.fixture(scope="module")
def broken(shop) -> Finished:
    """A run whose model servers can't start: their gRPC can't be imported."""
    (shop.folder / "broken").mkdir()
    (shop.folder / "broken" / "grpc.py").write_text("raise ImportError('no network today')")
    path = os.pathsep.join(
        filter(None, [str(shop.folder / "broken"), os.environ.get("PYTHONPATH")])
    )
    arguments = ("--config", str(shop.config), "--work-dir", str(shop.work_dir), "--json")
    return shop.command("polyrank", "run", *arguments, env={"PYTHONPATH": path})


@pytest.fixture(scope="module")
def repaired(shop, broken) -> Finished:
    """The same command once more, where servers start."""
    assert broken.exit_code == 5, broken.stderr
    return shop.run()


@pytest.fixture(scope="module")
def unchanged(shop, repaired) -> Finished:
    assert repaired.exit_code == 0, repaired.stderr
    return shop.run()


@pytest.fixture(scope="module")
def too_large(shop, unchanged) -> list[Finished]:
    """Two runs with a limit that no model keeps."""
    return [shop.run("--set", "canary.bytes_at_most=1000") for _ in range(2)]


@pytest.fixture(scope="module")
def loosened(shop, too_large) -> Finished:
    return shop.run("--set", "canary.bytes_at_most=1000000000")


def test_a_server_that_does_not_start_refuses(broken):
    assert "no network today" in broken.document["reason"]
    assert broken.outcomes["Trainer"] == "done"
    assert broken.outcomes["Pusher"] == broken.outcomes["RegisterPushed"] == "skipped"


def test_the_same_command_examines_the_trained_model_again_and_pushes_it(repaired):
    assert {repaired.outcomes[name] for name in TRAINED} == {"cached"}
    assert repaired.outcomes["ModelCanary"] == "done"
    assert repaired.outcomes["Pusher"] == repaired.outcomes["RegisterPushed"] == "done"
    assert repaired.document["status"] == "pushed" and repaired.document["canary"]["blessed"]


def test_a_pass_stays_in_the_cache(repaired, unchanged):
    assert set(unchanged.outcomes.values()) == {"cached"}
    assert unchanged.document["version"] == repaired.document["version"]


def test_a_refusal_that_is_repeated_is_examined_again(shop, too_large):
    first, second = too_large
    for refused in too_large:
        assert refused.exit_code == 5, refused.stderr
        assert refused.outcomes["Trainer"] == "cached"
        # Examined, and not taken from the cache.
        assert refused.outcomes["ModelCanary"] == "done"
        assert "canary.bytes_at_most is 1,000" in refused.document["reason"]
    # The first has a baseline, so that it evaluates: the version that `repaired` pushed.
    assert {second.outcomes[name] for name in TRAINED} == {"cached"}
    counts = RunRecord(shop.metadata)
    assert [counts.canary_refusals(x) for x in fingerprints(shop)] == [1, 2]


def fingerprints(shop) -> list[str]:
    """Of the runs so far, each once."""
    from ml_metadata import metadata_store

    store = metadata_store.MetadataStore(shop.metadata)
    kind = "components.baseline.component.Baseline"
    found = sorted(store.get_executions_by_type(kind), key=lambda execution: execution.id)
    return list(dict.fromkeys(x.custom_properties["run_fingerprint"].string_value for x in found))


def test_a_loosened_limit_pushes_without_training(loosened, too_large):
    assert loosened.exit_code == 0, loosened.stderr
    # Another configuration chooses its baseline again, and is compared with it again.
    assert loosened.outcomes["Trainer"] == "cached"
    assert loosened.outcomes["ModelCanary"] == loosened.outcomes["Pusher"] == "done"
