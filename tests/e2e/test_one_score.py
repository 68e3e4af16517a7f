"""One model, one score: trainer, TFMA, the v1 loader and the server agree on the same rows."""

import pathlib
import pickle

import numpy as np
import pytest

pytestmark = pytest.mark.e2e

TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def artifacts(workspace, first):
    """The first run's artifacts: (component, output key) -> uri."""
    from pipeline.run_record import RunRecord

    assert first.exit_code == 0, first.stderr
    record = RunRecord(workspace.metadata)
    return {
        (component.name, key): pathlib.Path(artifact.uri)
        for component in record.components(record.run_ids()[0])
        for key, artifact in component.outputs.items()
    }


@pytest.fixture(scope="module")
def examples(artifacts):
    """The recorded rows: serialized tf.Examples."""
    import tensorflow as tf

    path = artifacts["Trainer", "model_run"] / "canary" / "examples.tfrecord"
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


@pytest.fixture(scope="module")
def trainer_scores(artifacts, examples):
    """The trainer's scores of these rows: output -> float32 [N]."""
    with np.load(artifacts["Trainer", "model_run"] / "canary" / "scores.npz") as scores:
        found = {name: scores[name] for name in scores.files}
    assert all(values.shape == (len(examples),) for values in found.values())
    # Scores that are all alike would agree by accident.
    assert all(values.std() > 1e-4 for values in found.values())
    return found


def _assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(
            np.asarray(found[name]).reshape(-1), values, rtol=0, atol=TOLERANCE, err_msg=name
        )


def test_the_v1_loader_scores_as_the_trainer(workspace, first, examples, trainer_scores):
    from serving.loading.loader import load

    version = workspace.work_dir / "serving" / "small" / first.document["version"]
    model = load(version)
    scores = model.signatures["serving_default"].run({"examples": np.array(examples, dtype=object)})
    model.close()
    _assert_equal(scores, trainer_scores)


def _request(schema, examples):
    """The same rows as one array a feature, decoded without any of our own code."""
    import tensorflow as tf

    from schemas.contract import load_contract

    parsed = [tf.train.Example.FromString(example).features.feature for example in examples]
    lists = {"int": "int64_list", "float": "float_list", "bytes": "bytes_list"}
    contract = load_contract(schema)
    return {
        column.name: [getattr(row[column.name], lists[column.type]).value[0] for row in parsed]
        for column in contract.serving_features
    }


def test_the_server_scores_as_the_trainer(workspace, first, examples, trainer_scores, tmp_path):
    import shutil

    from serving.process import ServerProcess

    # On its own, since later runs push newer versions beside it.
    version = first.document["version"]
    shutil.copytree(
        workspace.work_dir / "serving" / "small" / version, tmp_path / "small" / version
    )
    with (
        ServerProcess("small", tmp_path / "small", tmp_path / "server.log") as server,
        server.client() as client,
    ):
        _assert_equal(client.predict_examples(examples), trainer_scores)
        _assert_equal(client.predict(_request(workspace.schema, examples)), trainer_scores)


def test_tfma_scores_as_the_trainer(workspace, artifacts, examples, trainer_scores, tmp_path):
    import apache_beam as beam
    import tensorflow as tf
    from tfx_bsl.public import tfxio

    from common.tfx_compat import beam_arguments, tfma
    from models.metrics.tfma.eval_config import make_eval_config
    from schemas.contract import load_contract

    eval_config = make_eval_config(load_contract(workspace.schema))
    model_path = str(artifacts["Trainer", "model"] / "Format-Serving")
    models = [
        tfma.default_eval_shared_model(
            eval_saved_model_path=model_path, model_name=spec.name, eval_config=eval_config
        )
        for spec in eval_config.model_specs
    ]
    source = tfxio.TFExampleRecord(
        str(artifacts["Trainer", "model_run"] / "canary" / "examples.tfrecord"),
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
    )
    out = str(tmp_path / "predictions")
    with beam.Pipeline(argv=beam_arguments([])) as pipeline:
        extracts = pipeline | source.BeamSource() | tfma.BatchedInputsToExtracts()
        for extractor in tfma.default_extractors(eval_shared_model=models, eval_config=eval_config):
            extracts |= extractor.stage_name >> extractor.ptransform
        # The default extractors end with single rows.
        _ = (
            extracts
            | beam.Map(
                lambda row: pickle.dumps((row["input"].item(), row["predictions"]["candidate"]))
            )
            | beam.io.WriteToTFRecord(out)
        )
    rows = [
        pickle.loads(record.numpy())
        for record in tf.data.TFRecordDataset([str(path) for path in tmp_path.glob("predictions*")])
    ]
    assert len(rows) == len(examples)
    by_example = dict(rows)
    scores = {
        name: [by_example[example][name].item() for example in examples] for name in trainer_scores
    }
    _assert_equal(scores, trainer_scores)
