import numpy as np
import pytest
import tensorflow as tf
from memory import peak
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.errors import TensorError
from serving.tensors import as_array, to_array, to_proto


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


def test_more_strings_than_elements_are_refused_before_any_is_read():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING)
    proto.tensor_shape.dim.add(size=1)
    proto.string_val.extend([b"ab"] * 500_000)
    with peak() as grown, pytest.raises(TensorError, match="holds 500000 values for 1 elements"):
        to_array(proto)
    # Half a million objects would take 20 MiB.
    assert grown() < 4


def test_string_count_and_types_are_checked():
    proto = to_proto(np.array([b"a", b"b"], object))
    proto.tensor_shape.dim[0].size = 1
    with pytest.raises(TensorError, match=r"string tensor of shape \[1\] holds 2 values for 1 el"):
        to_array(proto)
    proto.tensor_content = b"ab"
    with pytest.raises(TensorError, match="send them in string_val"):
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


LISTED = [
    ("DT_FLOAT", "float_val", [0.5, -1.5]),
    ("DT_DOUBLE", "double_val", [0.5, -1.5]),
    ("DT_HALF", "half_val", [0x3C00, 0xC000]),
    ("DT_BFLOAT16", "half_val", [0x3F80, 0xC000]),
    ("DT_INT8", "int_val", [3, -4]),
    ("DT_UINT8", "int_val", [3, 200]),
    ("DT_INT16", "int_val", [3, -4]),
    ("DT_UINT16", "int_val", [3, 65535]),
    ("DT_INT32", "int_val", [3, -4]),
    ("DT_INT64", "int64_val", [2**60, -(2**63)]),
    ("DT_UINT32", "uint32_val", [3, 2**32 - 1]),
    ("DT_UINT64", "uint64_val", [3, 2**64 - 1]),
    ("DT_BOOL", "bool_val", [False, True]),
    ("DT_COMPLEX64", "scomplex_val", [1.0, 2.0, 3.0, -4.0]),
    ("DT_COMPLEX128", "dcomplex_val", [1.0, 2.0, 3.0, -4.0]),
    ("DT_STRING", "string_val", [b"a\x00", b"b\x00\x00"]),
]


def _listed(dtype, field, values, shape):
    proto = tensor_pb2.TensorProto(dtype=getattr(types_pb2, dtype))
    getattr(proto, field).extend(values)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(("dtype", "field", "values"), LISTED)
def test_the_last_value_stands_for_those_that_are_not_listed_as_in_tensorflow(dtype, field, values):
    # parse_tensor reads with the code that TF Serving reads with.
    for listed in (values, values[: len(values) // 2], []):
        for shape in ((2,), (5,), (2, 3)):
            proto = _listed(dtype, field, listed, shape)
            theirs = tf.io.parse_tensor(proto.SerializeToString(), proto.dtype).numpy()
            ours = to_array(proto)
            assert ours.shape == shape
            assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(("dtype", "field", "values"), LISTED)
def test_more_values_than_elements_are_refused(dtype, field, values):
    for shape, elements in (((1,), 1), ((), 1), ((0, 3), 0)):
        with pytest.raises(TensorError, match=f"holds 2 values for {elements} elements"):
            to_array(_listed(dtype, field, values, shape))


def test_half_a_complex_number_is_refused():
    proto = _listed("DT_COMPLEX64", "scomplex_val", [1.0, 2.0, 3.0], (2,))
    with pytest.raises(TensorError, match=r"holds 3 parts of complex numbers, wanted an even"):
        to_array(proto)


def test_bytes_that_are_no_bool_are_true():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_BOOL, tensor_content=b"\x00\x01\x02\xff")
    proto.tensor_shape.dim.add(size=4)
    read = to_array(proto)
    assert read.view(np.uint8).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ([1] * 33, "a tensor has 33 dimensions, wanted 32 or fewer"),
        ([1] * 300, "a tensor has 300 dimensions, wanted 32 or fewer"),
        ([-1], r"must be known in full, got \[-1\]"),
        ([3, -(2**63)], "must be known in full"),
        ([2**40], "takes 4,398,046,511,104 bytes, at most 1,000 may be taken"),
        ([2**62, 2**62], r"takes [0-9,]+ bytes, at most 1,000"),
        ([0, 2**62, 2**62], r"takes [0-9,]+ bytes, at most 1,000"),
    ],
)
def test_a_shape_is_refused_before_it_is_filled(shape, problem):
    for values in ([], [1.0]):
        with pytest.raises(TensorError, match=problem):
            to_array(_listed("DT_FLOAT", "float_val", values, shape), max_bytes=1000)


def test_a_shape_that_no_array_can_have_is_refused_without_a_limit_too():
    for shape in ([2**62, 2**62], [0, 2**62, 2**62]):
        with pytest.raises(TensorError, match="bytes, at most"):
            to_array(_listed("DT_FLOAT", "float_val", [], shape))


def test_an_unknown_rank_is_refused():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    proto.tensor_shape.unknown_rank = True
    with pytest.raises(TensorError, match="must be known in full"):
        to_array(proto)


def test_repeated_strings_count_with_their_repetitions():
    proto = _listed("DT_STRING", "string_val", [b"a", b"x" * 90], (10,))
    with pytest.raises(TensorError, match=r"takes 891 bytes, at most 890 may"):
        to_array(proto, max_bytes=890)  # 10 pointers, 1 byte and 9 times 90.
    assert to_array(proto, max_bytes=891).tolist() == [b"a", *[b"x" * 90] * 9]


@pytest.mark.parametrize("enum", [0, 7777, -1, 20, 21, 101, 107, 11, 120])
def test_no_dtype_ends_in_another_error(enum):
    proto = tensor_pb2.TensorProto(dtype=enum, float_val=[1.0])
    with pytest.raises(TensorError, match="can't be read"):
        to_array(proto)
