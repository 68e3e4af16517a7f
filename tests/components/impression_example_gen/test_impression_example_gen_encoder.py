import numpy as np
import pyarrow as pa
import tensorflow as tf

from components.impression_example_gen.example_encoder import encode

INTS = [0, 1, 127, 128, 16383, 16384, 2**21, 2**35 - 1, 2**62, 2**63 - 1, -1, -(2**63)]


def _columns():
    rows = len(INTS)
    texts = [b"", b"a", "ä".encode(), b"\x00\xff", *(b"x" * n for n in (90, 110, 127, 128, 20_000))]
    texts += [b"y"] * (rows - len(texts))
    floats = [0.0, -0.0, 1.5, -2.25, 1e-45, 3e38, *np.linspace(-1, 1, rows - 6)]
    return {
        "int": pa.array(INTS, pa.int64()),
        "float": pa.array(floats, pa.float32()),
        "text": pa.array(texts, pa.binary()),
        "a_name_of_more_than_a_hundred_and_twenty_seven_bytes" * 3: pa.array(INTS, pa.int64()),
        "int_null": pa.array(INTS, mask=np.arange(rows) % 2 == 0),
        "float_null": pa.array(floats, pa.float32(), mask=np.arange(rows) % 3 == 0),
        "text_null": pa.array(texts, pa.binary(), mask=np.arange(rows) % 3 == 1),
        "none": pa.nulls(rows, pa.int64()),
    }


def _expected(columns, row):
    example = tf.train.Example()
    for name, array in columns.items():
        value = array[row].as_py()
        if value is None:
            continue
        feature = example.features.feature[name]
        if array.type == pa.int64():
            feature.int64_list.value.append(value)
        elif array.type == pa.float32():
            feature.float_list.value.append(value)
        else:
            feature.bytes_list.value.append(value)
    return example


def test_examples_are_those_that_protocol_buffers_write():
    columns = _columns()
    encoded = encode(columns)
    assert len(encoded) == len(INTS)
    for row, got in enumerate(encoded):
        wanted = _expected(columns, row)
        assert tf.train.Example.FromString(got) == wanted
        # Without a byte more: the same fields in another order.
        assert len(got) == wanted.ByteSize()


def test_one_feature_is_byte_for_byte_what_protocol_buffers_write():
    for name, array in _columns().items():
        for row, got in enumerate(encode({name: array})):
            wanted = _expected({name: array}, row)
            # An example without features still holds an empty `features`.
            wanted.features.SetInParent()
            assert got == wanted.SerializeToString()


def test_features_come_in_the_order_of_the_columns():
    columns = {"b": pa.array([1]), "a": pa.array([2])}
    first, second = encode(columns)[0], encode(dict(reversed(columns.items())))[0]
    assert first.index(b"b") < first.index(b"a")
    assert second.index(b"a") < second.index(b"b")


def test_a_slice_is_encoded_like_its_copy():
    columns = _columns()
    part = encode({name: array.slice(3, 5) for name, array in columns.items()})
    assert part.tolist() == encode(columns)[3:8].tolist()
