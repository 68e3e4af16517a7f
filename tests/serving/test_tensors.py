import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.tensors import TensorError, as_array, to_array, to_proto


@pytest.mark.parametrize(
    "dtype",
    [
        np.float16,
        np.float32,
        np.float64,
        np.int8,
        np.int32,
        np.int64,
        np.uint8,
        np.uint64,
        np.bool_,
        tf.bfloat16.as_numpy_dtype,
    ],
)
def test_numbers_survive_both_ways_and_agree_with_tensorflow(dtype):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    proto = to_proto(array)
    for read in (to_array(proto), tf.make_ndarray(proto)):
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)
    np.testing.assert_array_equal(to_array(tf.make_tensor_proto(array)), array)


def test_typed_value_fields_are_read():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[0.5, 1.5])
    proto.tensor_shape.dim.add(size=2)
    np.testing.assert_array_equal(to_array(proto), np.array([0.5, 1.5], np.float32))
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT64, int64_val=[9])
    proto.tensor_shape.dim.add(size=3)  # One value stands for all.
    np.testing.assert_array_equal(to_array(proto), [9, 9, 9])


def test_strings_keep_trailing_zero_bytes_and_shape():
    array = np.array([[b"a\x00", "é"], [b"", "x"]], dtype=object)
    read = to_array(to_proto(array))
    assert read.tolist() == [[b"a\x00", "é".encode()], [b"", b"x"]]


def test_scalars_and_empty_tensors():
    assert to_array(to_proto(np.float32(2.5).reshape(()))).tolist() == 2.5
    assert to_array(to_proto(np.zeros((0, 3), np.int64))).shape == (0, 3)
    assert to_array(to_proto(np.zeros(0, object))).shape == (0,)


def test_big_endian_and_non_contiguous_arrays():
    assert to_array(to_proto(np.array([1, 2], ">i8"))).tolist() == [1, 2]
    assert to_array(to_proto(np.arange(6, dtype=np.int32)[::2])).tolist() == [0, 2, 4]


def test_content_that_does_not_fill_the_shape_is_refused():
    proto = to_proto(np.zeros(3, np.float32))
    proto.tensor_shape.dim[0].size = 4
    with pytest.raises(TensorError, match=r"float32 tensor of shape \[4\] takes 16 bytes, got 12"):
        to_array(proto)
    proto.tensor_shape.dim[0].size = -1
    with pytest.raises(TensorError, match=r"known in full, got \[-1\]"):
        to_array(proto)


def test_string_count_and_types_are_checked():
    proto = to_proto(np.array([b"a", b"b"], object))
    proto.tensor_shape.dim[0].size = 3
    with pytest.raises(TensorError, match="3 elements holds 2 values"):
        to_array(proto)
    with pytest.raises(TensorError, match=r"got 3 \(int\)"):
        to_proto(np.array(["a", 3], object))


def test_dtypes_without_tensors_are_refused():
    with pytest.raises(TensorError, match="datetime64"):
        to_proto(np.array(["2026-01-01"], "M8[D]"))
    with pytest.raises(TensorError, match="resource can't be read"):
        to_array(tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE))


def test_lists_become_the_types_of_signatures():
    assert as_array([1, 2]).dtype == np.int64
    assert as_array([1, 2.5]).dtype == np.float32
    assert as_array([True]).dtype == np.bool_
    assert as_array(["a"]).dtype == object
    assert as_array([b"a\x00"]).tolist() == [b"a\x00"]
    double = np.zeros(2)
    assert as_array(double) is double
