import numpy as np
import pytest
import tensorflow as tf

from models.features.inputs import Field, ListField
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.lookup_l2 import LookupL2

FIELDS = (Field("user", 5), Field("item", 4, dim=2))
INDICES = np.array([[0, 3], [4, 1], [0, 3]])


def embeddings(l2: float = 0.0) -> FieldEmbeddings:
    layer = FieldEmbeddings(FIELDS, dim=3, l2=LookupL2(l2))
    layer(tf.constant(INDICES))
    for variable in layer.trainable_variables:
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    return layer


def test_looks_up_each_table_and_projects_other_widths() -> None:
    layer = embeddings()
    user, item = layer.tables["user"].numpy(), layer.tables["item"].numpy()
    kernel = layer.projections["item"].numpy()
    assert (item.shape, kernel.shape, list(layer.projections)) == ((4, 2), (2, 3), ["item"])
    wanted = np.stack([user[INDICES[:, 0]], item[INDICES[:, 1]] @ kernel], axis=1)
    np.testing.assert_allclose(layer(tf.constant(INDICES)), wanted, rtol=1e-5)


def test_l2_is_a_loss_of_rows_on_what_they_look_up() -> None:
    layer = embeddings(l2=0.1)
    layer(tf.constant(INDICES), training=True)
    user, item = layer.tables["user"].numpy(), layer.tables["item"].numpy()
    wanted = 0.1 * np.stack([(user[INDICES[:, 0]] ** 2).sum(1), (item[INDICES[:, 1]] ** 2).sum(1)])
    np.testing.assert_allclose(np.stack(layer.losses), wanted, rtol=1e-5)


def test_l2_is_absent_from_inference() -> None:
    layer = embeddings(l2=0.1)
    layer(tf.constant(INDICES), training=False)
    assert layer.losses == []


def test_rows_that_are_not_looked_up_get_no_gradient() -> None:
    layer = embeddings(l2=0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(INDICES), training=True))
        loss += tf.add_n([tf.reduce_sum(x) for x in layer.losses])
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.tables["user"])).numpy()
    assert np.all(gradient[[1, 2, 3]] == 0)
    table = layer.tables["user"].numpy()
    np.testing.assert_allclose(gradient[0], 2 * (1 + 2 * 0.1 * table[0]), rtol=1e-5)
    np.testing.assert_allclose(gradient[4], 1 + 2 * 0.1 * table[4], rtol=1e-5)


def test_a_copy_that_is_not_trained_looks_up_the_same() -> None:
    layer = embeddings()
    copy = FieldEmbeddings(FIELDS, dim=3, trainable=False)
    copy(tf.constant(INDICES))
    copy.copy_from(layer)
    np.testing.assert_array_equal(copy(tf.constant(INDICES)), layer(tf.constant(INDICES)))
    assert copy.trainable_variables == []
    layer.tables["user"].assign_add(tf.ones([5, 3]))
    assert np.all(copy(tf.constant(INDICES))[:, 0] != layer(tf.constant(INDICES))[:, 0])


def test_every_scenario_has_tables_and_projections_of_its_own() -> None:
    seen = ListField("seen", "item", 4, 2)
    layer = FieldEmbeddings(FIELDS, dim=3, lists=(seen,), scenarios=2)
    scenario = np.array([1, 0, 0])
    layer(tf.constant(INDICES), scenario=tf.constant(scenario))
    for variable in layer.trainable_variables:
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    user = layer.tables["user"].numpy().reshape(2, 5, 3)[scenario, INDICES[:, 0]]
    items, kernels = layer.tables["item"].numpy().reshape(2, 4, 2), layer.projections["item"]
    assert kernels.shape == (2, 2, 3)
    item = [items[k, i] @ kernels[k].numpy() for k, i in zip(scenario, INDICES[:, 1], strict=True)]
    found = layer(tf.constant(INDICES), scenario=tf.constant(scenario))
    np.testing.assert_allclose(found, np.stack([user, item], axis=1), rtol=1e-5)

    lists = np.array([[0, 3], [2, 2], [1, 0]])
    mask = tf.ones([3, 2], tf.bool)
    wanted = [items[k, i] @ kernels[k].numpy() for k, i in zip(scenario, lists, strict=True)]
    found = layer.look_up_list(seen, tf.constant(lists), mask, scenario=tf.constant(scenario))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    with pytest.raises(ValueError, match="pass the rows' `scenario`"):
        layer(tf.constant(INDICES))


def test_a_checkpoint_has_tables_of_fields_and_of_lists(tmp_path) -> None:
    lists = (ListField("seen", "item", 4, 2), ListField("words", "words", 6, 2))

    def made() -> FieldEmbeddings:
        layer = FieldEmbeddings(FIELDS, dim=3, lists=lists)
        layer(tf.constant(INDICES))
        return layer

    layer, restored = made(), made()
    path = tf.train.Checkpoint(layer=layer).write(str(tmp_path / "layer"))
    tf.train.Checkpoint(layer=restored).read(path).assert_consumed()
    assert list(restored.tables) == ["user", "item", "words"]
    for name, table in layer.tables.items():
        np.testing.assert_array_equal(restored.tables[name], table)


def test_initial_values_have_the_standard_deviation() -> None:
    layer = FieldEmbeddings((Field("user", 5000),), dim=8, stddev=0.2)
    layer(tf.zeros([1, 1], tf.int32))
    values = layer.tables["user"].numpy()
    assert values.std() == pytest.approx(0.2, rel=0.02)
    assert values.mean() == pytest.approx(0.0, abs=0.01)
