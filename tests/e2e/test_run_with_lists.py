"""A log with histories, lists and vectors, from its files to a client's answer."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import past_log
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import yaml
from past_log import ITEMS, LENGTH, LISTS, kind

from serving.client.client import Client
from serving.server import ModelServer

pytestmark = pytest.mark.e2e

ROWS = 3_000
TOLERANCE = 1e-6
CONFIG = {
    "name": "lists",
    "data": {"path": "log", "schema_path": "schema.pbtxt"},
    "window": {"end": "latest", "train_spans": 2, "eval_spans": 1},
    "model": {"name": "shared_bottom", "embedding_dim": 8, "histories": "din"},
    "training": {"max_epochs": 5, "batch_size": 64, "learning_rate": 0.01},
    # Nothing but what was seen ranks clicks: without histories the AUC would be .5.
    "gate": {"auc_at_least": 0.7, "calibration_between": [0.3, 3.0], "min_positives": 20},
}


@pytest.fixture(scope="module")
def rows():
    """The log's rows in the order of time."""
    return past_log.made_rows(ROWS)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, empty_workspace, rows):
    """A work folder next to the log."""
    workspace = empty_workspace(tmp_path_factory.mktemp("lists"))
    (workspace.folder / "schema.pbtxt").write_text(past_log.SCHEMA)
    workspace.config.write_text(yaml.safe_dump(CONFIG))
    past_log.write_log(workspace.log, rows)
    return workspace


@pytest.fixture(scope="module")
def run(workspace):
    """The finished run."""
    return workspace.run()


@pytest.fixture(scope="module")
def artifacts(workspace, run):
    """Output key of a component -> folder."""
    from pipeline.run_record import RunRecord

    assert run.exit_code == 0, run.stderr
    record = RunRecord(workspace.metadata)
    return {
        (component.name, key): pathlib.Path(artifact.uri)
        for component in record.components(record.run_ids()[0])
        for key, artifact in component.outputs.items()
    }


@pytest.fixture(scope="module")
def server(workspace, run):
    """A server of what the run pushed."""
    assert run.exit_code == 0, run.stderr
    with ModelServer("lists", workspace.work_dir / "serving" / "lists") as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    """A client of it."""
    with Client(server.target, "lists") as client:
        client.wait_until_available()
        yield client


def _examples(folder, split):
    import tensorflow as tf

    files = sorted(str(path) for path in (folder / f"Split-{split}").iterdir())
    return list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


def _values(example, name):
    """A feature's values, without any of our own code; None where it is not there."""
    feature = example.features.feature[name]
    which = feature.WhichOneof("kind")
    values = list(getattr(feature, which).value) if which else []
    return [x.decode() if isinstance(x, bytes) else x for x in values]


def test_the_run_is_pushed_and_has_learned_from_histories(run):
    assert run.exit_code == 0, run.stderr
    assert run.document["status"] == "pushed"
    assert run.document["rows"]["quarantined"] == 0
    assert run.document["metrics"]["click"]["*"]["auc"] > 0.7


@pytest.mark.parametrize("split", ["train", "eval"])
def test_examples_hold_the_lists_of_parquet_and_of_csv(artifacts, rows, split):
    import tensorflow as tf

    by_time = {row["time"]: row for row in rows}
    found = _examples(artifacts["ImpressionExampleGen", "examples"], split)
    assert len(found) > 500
    for record in found:
        example = tf.train.Example.FromString(record)
        row = by_time[_values(example, "time")[0]]
        for name in LISTS:
            assert _values(example, name) == (row[name] or []), name


def test_statistics_count_the_values_of_lists(artifacts, rows):
    from common.tfx_compat import tfdv

    folder = artifacts["StatisticsGen", "statistics"] / "Split-eval"
    (dataset,) = tfdv.load_stats_binary(str(folder / "FeatureStats.pb")).datasets
    stats = {tuple(x.path.step)[0]: x for x in dataset.features}
    start = past_log.FIRST_SECOND + 2 * 86_400
    lengths = [len(row["seen"]) for row in rows if row["time"] >= start]
    assert dataset.num_examples == len(lengths)
    for name in ("seen", "seen_action", "seen_gap"):
        of = stats[name].num_stats if name == "seen_gap" else stats[name].string_stats
        assert of.common_stats.tot_num_values == sum(lengths)
        assert of.common_stats.max_num_values == LENGTH + 1


def test_an_item_has_one_index_wherever_it_stands(artifacts):
    import tensorflow as tf
    import tensorflow_transform as tft

    output = tft.TFTransformOutput(str(artifacts["Transform", "transform_graph"]))
    records = _examples(artifacts["ImpressionExampleGen", "examples"], "eval")
    raw = tf.io.parse_example(records, output.raw_feature_spec())
    made = output.transform_features_layer()(raw)
    examples = [tf.train.Example.FromString(record) for record in records]
    index = {
        _values(example, "item")[0]: int(found)
        for example, found in zip(examples, made["item__index"].numpy(), strict=True)
    }
    assert len(index) == len(set(index.values())) == ITEMS
    seen = [_values(example, "seen") for example in examples]
    wanted = np.zeros((len(seen), LENGTH), int)
    for number, items in enumerate(seen):
        kept = [index[item] for item in items[-LENGTH:]]
        wanted[number, : len(kept)] = kept
    np.testing.assert_array_equal(made["seen__indices"], wanted)
    np.testing.assert_array_equal(made["past__length"], [min(len(x), LENGTH) for x in seen])
    words = [_values(example, "words") for example in examples]
    np.testing.assert_array_equal(made["words__length"], [min(len(x), 3) for x in words])
    weights = np.zeros((len(words), 3), np.float32)
    for number, example in enumerate(examples):
        found = _values(example, "word_weights")[:3]
        weights[number, : len(found)] = found
    np.testing.assert_array_equal(made["words__weights"], weights)
    pictures = [_values(example, "picture") or [0.0] * past_log.PICTURE for example in examples]
    norms = np.maximum(np.linalg.norm(pictures, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(made["picture__vector"], pictures / norms, rtol=0, atol=1e-6)


def _request(rows, **changed):
    """Rows as a client sends them, with some columns changed."""
    names = ("page", "user", "item", *LISTS)
    return {name: changed.get(name, [row[name] for row in rows]) for name in names}


def test_the_server_and_the_trainer_have_one_score_whatever_the_length(artifacts, client):
    import tensorflow as tf

    folder = artifacts["Trainer", "model_run"] / "canary"
    records = [x.numpy() for x in tf.data.TFRecordDataset(str(folder / "examples.tfrecord"))]
    with np.load(folder / "scores.npz") as scores:
        wanted = scores["click"]
    examples = [tf.train.Example.FromString(record) for record in records]
    names = ("page", "user", "item", *LISTS)
    sent = {name: [_values(example, name) for example in examples] for name in names}
    assert {len(x) for x in sent["seen"]} == {0, 1, LENGTH - 1, LENGTH, LENGTH + 1}
    for name in names[:3]:
        sent[name] = [values[0] for values in sent[name]]
    assert wanted.std() > 0.05
    for found in (client.predict(sent), client.predict_examples(records)):
        np.testing.assert_allclose(found["click"].reshape(-1), wanted, rtol=0, atol=TOLERANCE)


def test_a_score_changes_with_the_history(client, rows):
    candidates = [row for row in rows if len(row["seen"]) == LENGTH][:60]
    before = client.predict(_request(candidates))["click"]
    same = [[f"i{kind(row['item'])}"] * LENGTH for row in candidates]
    other = [[f"i{(kind(row['item']) + 1) % past_log.KINDS}"] * LENGTH for row in candidates]
    liked = client.predict(_request(candidates, seen=same))["click"]
    not_liked = client.predict(_request(candidates, seen=other))["click"]
    assert np.mean(liked) > np.mean(not_liked) + 0.3
    # What is older than the newest L is not read; one value of another column is.
    longer = {
        "seen": [["new item", *row["seen"]] for row in candidates],
        "seen_action": [["look", *row["seen_action"]] for row in candidates],
        "seen_gap": [[1e6, *row["seen_gap"]] for row in candidates],
    }
    after = client.predict(_request(candidates, **longer))["click"]
    np.testing.assert_allclose(after, before, rtol=0, atol=TOLERANCE)
    bought = [["buy"] * LENGTH for _ in candidates]
    looked = [["look"] * LENGTH for _ in candidates]
    actions = [
        client.predict(_request(candidates, seen_action=x))["click"] for x in (bought, looked)
    ]
    assert np.abs(actions[0] - actions[1]).max() > 1e-4
    empty = [[] for _ in candidates]
    nothing = client.predict(
        _request(candidates, seen=empty, seen_action=empty, seen_gap=[None] * len(candidates))
    )["click"]
    assert np.isfinite(nothing).all() and np.abs(nothing - before).max() > 0.05


def test_the_command_predicts_for_parquet_and_csv(workspace, server, client, rows):
    table = past_log.table_of(rows[-40:])
    pq.write_table(table, workspace.folder / "rows.parquet")
    pyarrow.csv.write_csv(past_log.as_text(table), workspace.folder / "rows.csv")
    wanted = client.predict(_request(rows[-40:]))["click"].reshape(-1)
    for name in ("rows.parquet", "rows.csv"):
        answer = workspace.command(
            "polyrank", "predict", name, "--rows", "40", "--target", server.target,
            "--model-name", "lists", "--json",
        )  # fmt: skip
        assert answer.exit_code == 0, answer.stderr
        found = [json.loads(line)["click"] for line in answer.stdout.splitlines()]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_a_history_that_holds_the_click_of_its_own_moment_is_a_leak(workspace, rows, tmp_path):
    leaking = []
    for row in rows:
        row = dict(row)
        if row["click"]:
            row["seen"] = [*row["seen"], row["item"]]
            row["seen_action"] = [*row["seen_action"], "look"]
            row["seen_gap"] = [*row["seen_gap"], 0.0]
        leaking.append(row)
    past_log.write_log(tmp_path / "log", leaking)
    run = workspace.run("--data", str(tmp_path / "log"), "--work-dir", str(tmp_path / "work"))
    assert run.exit_code == 4, run.stderr
    reason = run.document["reason"]
    assert reason.startswith("LeakAlarm: ") and "'seen'" in reason
    assert run.outcomes["LeakAlarm"] == "failed"
    assert not {"Transform", "Trainer"} & run.outcomes.keys()
