import numpy as np
import pyarrow as pa
import pytest
from list_log import contract_of

from common.errors import BadDataError
from data.log.columns import check_schema, typed
from data.log.lists.list_texts import split_texts

LISTS = """
feature { name: "items" type: INT value_count { min: 0 } annotation { tag: "sequence:text=json" } }
feature { name: "tags" type: BYTES value_count { min: 0 }
  annotation { tag: "multi_value:weights=shares,text=pipe" } }
feature { name: "shares" type: FLOAT value_count { min: 0 } }
feature { name: "image" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "vector:dim=2,text=space" } }
"""


def _split(texts, how, kind="bytes", make=pa.binary):
    array = pa.array(["9|9", *texts, "9"], pa.string()).cast(make()).slice(1, len(texts))
    found, broken = split_texts(array, how, kind)
    assert broken == {}
    return found.to_pylist()


@pytest.mark.parametrize("make", [pa.string, pa.binary, pa.large_string, pa.large_binary])
@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("pipe", "a| b |c,d"),
        ("comma", "a,b , c;d"),
        ("semicolon", "a; b;c,d"),
        ("tab", "a\tb\t c,d"),
        ("space", " a  b\tc,d "),
        ("space", "\ta b c,d\t"),
        ("json", '["a", "b", "c,d"]'),
    ],
)
def test_each_way_of_writing_a_list(how, text, make):
    third = b"c;d" if how == "comma" else b"c,d"
    assert _split([text, None, "", "[]", " "], how, make=make) == [[b"a", b"b", third], *[None] * 4]


def test_a_dictionary_of_texts_is_split():
    array = pa.array(["1|2", None, "3", "1|2"]).dictionary_encode()
    assert split_texts(array, "pipe", "int")[0].to_pylist() == [
        [b"1", b"2"],
        None,
        [b"3"],
        [b"1", b"2"],
    ]


def test_a_blank_value_is_a_gap_and_null_a_word():
    assert _split(["a||b", "|", "\ta"], "pipe") == [[b"a", None, b"b"], [None, None], [b"a"]]
    assert _split(["\ta", "a\t"], "tab") == [[None, b"a"], [b"a", None]]
    assert _split(["null", "nan", "NaN"], "comma", "float") == [None, None, None]
    assert _split(["null", "nan"], "comma") == [[b"null"], [b"nan"]]


def test_values_of_texts_are_cast_as_those_of_any_list():
    contract = contract_of(LISTS)
    items = typed(contract, contract.column("items"), pa.array(['[1, 2.0, "3"]', "[]", "[x]"]))
    assert items.array.type == pa.list_(pa.int64())
    assert items.array.to_pylist() == [[1, 2, 3], None, None]
    assert {name: rows.tolist() for name, rows in items.broken.items()} == {
        "unusable_number": [False, False, True]
    }
    tags = pa.array([b"a|\xff", b"a||b", b"c"], pa.binary())
    found = typed(contract, contract.column("tags"), tags)
    assert found.array.to_pylist() == [None, None, [b"c"]]
    assert {name: rows.nonzero()[0].tolist() for name, rows in found.broken.items()} == {
        "not_utf8": [0],
        "null_in_list": [1],
    }
    image = typed(contract, contract.column("image"), pa.array(["0.5 1e-3", "inf 1", "", "1 nan"]))
    assert image.array.to_pylist() == [[0.5, np.float32(1e-3)], None, None, None]
    assert {name: rows.nonzero()[0].tolist() for name, rows in image.broken.items()} == {
        "unusable_number": [1],
        "null_in_list": [3],
    }


def test_weights_are_split_as_the_values_that_they_weigh():
    contract = contract_of(LISTS)
    shares = typed(contract, contract.column("shares"), pa.array(["0.5|2", None]))
    assert shares.array.to_pylist() == [[0.5, 2.0], None]


def test_real_lists_need_no_text_and_ignore_it():
    contract = contract_of(LISTS)
    tags = typed(contract, contract.column("tags"), pa.array([["a|b", "c"]]))
    assert tags.array.to_pylist() == [[b"a|b", b"c"]]


def test_texts_without_a_way_to_split_them_are_refused_with_what_to_write():
    contract = contract_of(LISTS.replace("text=json", "length=9").replace(",text=pipe", ""))
    contract_2 = contract_of(
        'feature { name: "seen" type: INT value_count { min: 0 } }'
        'feature { name: "kinds" type: INT value_count { min: 0 } annotation { tag: "sequence" } }'
    )
    schema = pa.schema([(x.name, pa.string()) for x in contract.columns])
    with pytest.raises(BadDataError) as error:
        check_schema(contract, schema, "part-0.csv", untyped=True)
    lines = str(error.value).splitlines()
    ways = "json, pipe, comma, semicolon, tab, space"
    assert lines == [
        "part-0.csv does not fit the schema:",
        "  column 'items' is a list by the schema and text in the file: add to its tag "
        f"'sequence' how the text holds the list ('text=json', or another of {ways}), or deliver "
        "lists, in Parquet or TFRecord",
        "  column 'tags' is a list by the schema and text in the file: add to its tag "
        f"'multi_value' how the text holds the list ('text=json', or another of {ways}), or "
        "deliver lists, in Parquet or TFRecord",
        "  column 'shares' is a list by the schema and text in the file: it is split as 'tags', "
        f"which it weighs, so add 'text=json' (or another of {ways}) to the tag of 'tags', or "
        "deliver lists, in Parquet or TFRecord",
        "Write the file with these columns, or change the schema",
    ]
    with pytest.raises(BadDataError) as error:
        check_schema(contract_2, pa.schema({"seen": pa.string(), "kinds": pa.string()}), "a.csv")
    assert "column 'seen' is a list by the schema and text in the file: only lists that are" in (
        str(error.value)
    )
    check_schema(contract_of(LISTS), schema, "part-0.csv", untyped=True)


def test_nested_lists_are_refused_by_their_type():
    contract = contract_of(LISTS)
    names = {"tags": pa.list_(pa.string()), "shares": pa.list_(pa.float32())}
    nested = pa.schema(
        {**names, "items": pa.list_(pa.list_(pa.int64())), "image": pa.list_(pa.float64(), 2)}
    )
    with pytest.raises(BadDataError) as error:
        check_schema(contract, nested, "a.parquet")
    (line,) = str(error.value).splitlines()[1:-1]
    assert line == (
        "  column 'items' is list<item: list<item: int64>>; wanted INT (a list of an integer, "
        "bool, or a float that holds whole numbers): lists are nested, flatten them to one list "
        "a row"
    )
