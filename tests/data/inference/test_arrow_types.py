"""Columns of every Arrow type, as a feature and in every role: no crash, and only what is read."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inferred import infer, logged, polyrank

from data.inference.sampling.plain_types import plain
from schemas.contract import load_contract
from schemas.tags import MultiValue

ROWS = logged(rows=1_500)
LOG = pa.Table.from_pandas(ROWS, preserve_index=False)

NUMBERS = [
    pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
    pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.dictionary(pa.int8(), pa.int64()),
]  # fmt: skip
TEXTS = [
    pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(4),
    pa.dictionary(pa.int32(), pa.string()),
]  # fmt: skip
TIMES = [
    pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us", "UTC"),
    pa.timestamp("ns", "Europe/Vienna"),
]  # fmt: skip
UNREADABLE = [
    pa.null(), pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"),
    pa.time64("ns"), pa.duration("s"), pa.duration("ms"), pa.duration("us"), pa.duration("ns"),
    pa.decimal128(12, 2), pa.decimal256(40, 2), pa.list_(pa.list_(pa.int64())),
    pa.list_(pa.decimal128(12, 2)), pa.struct([("a", pa.int64())]),
    pa.map_(pa.string(), pa.int64()),
]  # fmt: skip
LISTS = [
    pa.list_(pa.int64()), pa.list_(pa.uint8()), pa.list_(pa.float32(), 2), pa.list_(pa.bool_()),
    pa.large_list(pa.string()), pa.list_(pa.large_binary()),
    pa.list_(pa.dictionary(pa.int32(), pa.string())),
]  # fmt: skip
ALL = [*NUMBERS, *TEXTS, *TIMES, *LISTS, *UNREADABLE]
# Of these predicates no type that a Parquet file of the oldest Arrow holds is one.
ELSEWHERE = {
    "is_interval", "is_union", "is_run_end_encoded", "is_string_view", "is_binary_view",
    "is_list_view", "is_large_list_view", "is_decimal32", "is_decimal64",
}  # fmt: skip


def _value(kind, code):
    types = pa.types
    if types.is_null(kind):
        return None
    if types.is_dictionary(kind):
        return _value(kind.value_type, code)
    if types.is_boolean(kind):
        return code % 2 == 0
    if kind == pa.float16():
        return np.float16(code)
    if types.is_decimal(kind):
        return decimal.Decimal(code)
    if types.is_integer(kind) or types.is_floating(kind):
        return code
    if types.is_date(kind):
        return datetime.date(2026, 3, 1) + datetime.timedelta(code)
    if types.is_time(kind):
        return datetime.time(code % 24)
    if types.is_timestamp(kind):
        return datetime.datetime(2026, 3, 1) + datetime.timedelta(hours=code)
    if types.is_duration(kind):
        return datetime.timedelta(hours=code)
    if types.is_struct(kind):
        return {"a": code}
    if types.is_map(kind):
        return [("k", code)]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return [_value(kind.value_type, code)] * 2
    text = f"{code:04d}"
    return text if types.is_string(kind) or types.is_large_string(kind) else text.encode()


def _array(kind, codes):
    values = [_value(kind, int(code)) for code in codes]
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def _with(name, kind, codes):
    """The log with a column of a type, new or in place of another."""
    array = _array(kind, codes)
    try:
        pq.write_table(pa.table({name: array[:1]}), pa.BufferOutputStream())
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"this Arrow writes none to Parquet: {error}")
    if name not in LOG.column_names:
        return LOG.append_column(name, array)
    return LOG.set_column(LOG.column_names.index(name), name, array)


def test_every_kind_of_type_is_tried():
    names = {name for name in dir(pa.types) if name.startswith("is_")}
    predicates = {name for name in names - ELSEWHERE if not name.endswith("_value")}
    untried = {name for name in predicates if not any(map(getattr(pa.types, name), ALL))}
    assert untried == set()


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_an_extra_column_of_any_type_is_read_or_left_out(tmp_path, kind):
    found = infer(tmp_path, _with("extra", kind, ROWS.item_id % 7), name="log.parquet")
    names = {column.name for column in found.contract.columns}
    if kind in UNREADABLE or kind in TIMES:
        assert found.line("left out:").startswith("left out: extra (")
        assert names == set(LOG.column_names)
        if kind in UNREADABLE:
            advice = ""
            if pa.types.is_decimal(kind):
                advice = "; write it as a double or an integer"
            elif pa.types.is_temporal(kind):
                advice = "; write it as a number or a text"
            said = found.line("left out:").split(": write one column")[0].removesuffix(")")
            assert said.endswith(f", which no model reads{advice}")
    elif kind in LISTS:
        assert found.lines("left out:") == []
        (extra,) = found.contract.list_features
        texts = pa.types.is_large_list(kind) or kind in LISTS[-2:]
        assert (extra.name, extra.type) == ("extra", "bytes" if texts else "int")
        assert extra.tags.list_treatment == MultiValue(length=2)
    else:
        assert found.lines("left out:") == []
        assert names == {*LOG.column_names, "extra"}
        assert found.contract.column("extra").type == ("int" if kind in NUMBERS else "bytes")
    found.check()


@pytest.mark.parametrize("kind", ALL, ids=str)
@pytest.mark.parametrize(
    ("role", "option", "codes", "fits"),
    [
        ("page", "scenario", ROWS.item_id % 3, [*NUMBERS, *TEXTS]),
        ("user_id", "user", ROWS.user_id % 100, [*NUMBERS, *TEXTS]),
        ("timestamp", "time", ROWS.index // 200, TIMES),
    ],
)
def test_a_role_of_any_type_is_read_or_refused(tmp_path, role, option, codes, fits, kind):
    found = infer(tmp_path, _with(role, kind, codes), name="log.parquet")
    if kind in fits:
        assert found.line(f"{option}: ").startswith(f"{option}: {role} (")
        found.check()
    else:
        assert found.code == 4
        assert f"  {option}: '{role}' has the name of one, but it" in found.err
        if kind in TEXTS:
            assert "but its type is string; wanted times since 1970" in found.err


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_a_label_of_any_type_is_read_or_left_out(tmp_path, kind):
    codes = 1 - ROWS.click if kind == pa.bool_() else ROWS.click
    found = infer(tmp_path, _with("click", kind, codes), name="log.parquet")
    if kind in NUMBERS:
        assert found.line("label: click") == "label: click (label:click)"
        assert f"label click: {ROWS.click.sum()} positives" in found.check()
    else:
        assert found.line("left out:").startswith("left out: click (")
        assert found.line("label:") == "label: buy (label:buy)"
        found.check()


def test_half_floats_are_numbers():
    half = pa.array([np.float16(1.5), None, np.float16(0)], pa.float16())
    assert plain(half).equals(pa.array([1.5, None, 0], pa.float32()))


def test_hashes_that_int64_cannot_hold_are_texts(tmp_path):
    hashed = ROWS.user_id.to_numpy().astype(np.uint64) * np.uint64(90_000_000_000_000_001)
    as_text = hashed.astype(str)
    assert (hashed > np.uint64(2**63)).any()
    for name in ("log.parquet", "log.csv"):
        folder = tmp_path / name[4:]
        folder.mkdir()
        found = infer(folder, ROWS.assign(user_id=hashed), name=name)
        assert found.contract.user_id.type == "bytes"
        found.check()
        parts = sorted((folder / "spans").glob("span=*/*.parquet"))
        written = np.concatenate([pq.read_table(x).column("user_id").to_numpy() for x in parts])
        assert written.tolist() == as_text.tolist()


def test_hashes_of_which_one_file_alone_is_beyond_int64_are_texts_in_all(tmp_path):
    large = ROWS.user_id.to_numpy().astype(np.uint64) + np.uint64(2**63)
    small = ROWS.user_id.to_numpy().astype(np.uint64)
    for name, first, second in (
        ("small-first", small, large),
        ("large-first", large, small),
        ("signed", small.astype(np.int64), large),
        ("small", small, small),
    ):
        log, schema = tmp_path / name, tmp_path / f"{name}.pbtxt"
        log.mkdir()
        half = len(ROWS) // 2
        ROWS.assign(user_id=first)[:half].to_parquet(log / "p0.parquet", index=False)
        ROWS.assign(user_id=second)[half:].to_parquet(log / "p1.parquet", index=False)
        ended = polyrank("schema", "infer", "--data", log, "--out", schema)
        assert (ended.code, ended.err) == (0, "")
        kind = load_contract(schema).user_id.type
        assert kind == ("int" if name == "small" else "bytes")
        words = ("--out", tmp_path / f"{name}-spans", "--schema", schema)
        wrote = polyrank("data", "spans", "--source", log, *words)
        assert wrote.code == 0, wrote.err


def test_hashes_and_fractions_are_two_types_as_they_were_written(tmp_path):
    large = ROWS.user_id.to_numpy().astype(np.uint64) + np.uint64(2**63)
    ROWS.assign(user_id=large).to_parquet(tmp_path / "a.parquet")
    ROWS.assign(user_id=0.5).to_parquet(tmp_path / "b.parquet")
    ended = polyrank("schema", "infer", "--data", tmp_path)
    assert (ended.code, ended.err) == (
        4,
        "bad data: b.parquet, column 'user_id' is double, and uint64 in a.parquet; write all files "
        "with one type\n",
    )


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["001", "101", "301"], ("001", "101", "301")),
        (["1.0", "2.0", "3.0"], ("1.0", "2.0", "3.0")),
        (["True", "False", "True"], ("True", "False")),
        (["12e3", "0x1f", "inf"], ("12e3", "0x1f", "inf")),
        (["1", "2", "3"], ("1", "2", "3")),
    ],
)
def test_a_scenario_keeps_its_writing(tmp_path, values, names):
    page = np.array(values, object)[ROWS.item_id % 3]
    found = infer(tmp_path, ROWS.assign(page=page))
    assert set(found.contract.scenarios) == set(names)
    checked = found.check()
    assert all(f"scenario {name}: " in checked for name in names)


@pytest.mark.parametrize("kind", [pa.float64(), pa.bool_(), pa.int32(), pa.uint64()], ids=str)
def test_numbers_as_scenarios_are_the_texts_that_are_read(tmp_path, kind):
    found = infer(tmp_path, _with("page", kind, ROWS.item_id % 3), name="log.parquet")
    wanted = {"0", "1"} if kind == pa.bool_() else {"0", "1", "2"}
    assert set(found.contract.scenarios) == wanted
    bools = kind == pa.bool_()
    held = "true and false" if bools else "numbers"
    texts = "the texts 1 and 0" if bools else "texts"
    said = f"; the files hold {held}, which are read as {texts}: a scenario has a name"
    assert said in found.text
    found.check()


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["12e3", "12000", "13e3"], "bytes"),
        (["001", "1", "01"], "bytes"),
        (["1.1", "1.10", "1.2"], "bytes"),
        (["True", "False", "True"], "bytes"),
        (["1_000", "1000", "+1"], "bytes"),
        (["12.50", "0.10", "1e-05"], "float"),
        (["1.0", "2.0", ""], "int"),
    ],
)
def test_texts_of_a_csv_are_numbers_only_if_nothing_is_lost(tmp_path, texts, kind):
    extra = np.array(texts, object)[ROWS.item_id % 3]
    found = infer(tmp_path, ROWS.assign(extra=extra))
    assert found.contract.column("extra").type == kind
    found.check()
