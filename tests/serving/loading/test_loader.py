import numpy as np
import pytest
import tensorflow as tf
from city_model import expected_logits

from serving.errors import ModelLoadError
from serving.loading.loader import load


def test_signatures_run_and_share_one_session(saved_model):
    model = load(saved_model)
    try:
        assert set(model.signatures) == {"predict", "serving_default"}
        predict = model.signatures["predict"]
        inputs = {"age": np.array([3.0], np.float32), "city": np.array([b"basel"], object)}
        assert list(predict.run(inputs)) == ["city", "click", "logit"]
        only = predict.run(inputs, ["logit"])
        np.testing.assert_array_equal(only["logit"], expected_logits(["basel"], [3.0]))
        assert list(only) == ["logit"]
    finally:
        model.close()


def test_outputs_that_share_a_tensor_are_all_returned(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], "x")
        y = x * 2.0
        tf.compat.v1.saved_model.simple_save(
            session, str(tmp_path / "model"), {"x": x}, {"first": y, "second": y}
        )
    model = load(tmp_path / "model")
    outputs = model.signatures["serving_default"].run({"x": np.array([1.5], np.float32)})
    model.close()
    assert {name: array.tolist() for name, array in outputs.items()} == {
        "first": [3.0],
        "second": [3.0],
    }


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelLoadError, match=f"{tmp_path} can't be loaded.*does not exist"):
        load(tmp_path)


def test_a_model_without_signatures_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(ModelLoadError, match="has no signature to serve"):
        load(tmp_path)


def test_a_variable_without_a_saved_value_is_refused(tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], "x")
        saved = v1.get_variable("saved", initializer=2.0, use_resource=True)
        lost = v1.get_variable("lost", initializer=1.0, use_resource=True)
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        definitions = {
            name: v1.saved_model.predict_signature_def({"x": x}, {"y": y})
            for name, y in {"good": x * saved, "bad": x * lost}.items()
        }
        builder.add_meta_graph_and_variables(
            session, ["serve"], definitions, saver=v1.train.Saver([saved])
        )
        builder.save()
    with pytest.raises(ModelLoadError, match=r"'bad' reads 1 variables .*not saved \(lost"):
        load(tmp_path / "model")


@pytest.mark.e2e  # Importing Keras 3 takes seconds.
def test_what_only_pythons_loader_can_load_is_refused(tmp_path):
    keras = pytest.importorskip("keras", minversion="3")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="tower")])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def serve(x):
        return {"y": model(x)}

    model.serve = serve
    tf.saved_model.save(model, str(tmp_path), signatures={"serving_default": serve})
    python = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    assert python(x=tf.ones([1, 2]))["y"].shape == (1, 1)
    with pytest.raises(ModelLoadError, match=r"'serving_default' reads 2 variables .*tower/bias"):
        load(tmp_path)
