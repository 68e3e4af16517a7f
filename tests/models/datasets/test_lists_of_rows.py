"""Lists in held rows, in files and in streamed batches."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from rows_with_lists import SCHEMA, history, row
from small_log import write_split

from models.datasets.in_memory import InMemorySplit, files_of, hold
from models.datasets.mapped_files import load_held, save_held
from models.datasets.streamed import StreamedRows
from models.features.inputs import (
    Field,
    InputLayout,
    ListField,
    MultiValueField,
    SequenceInput,
    VectorField,
    indices_key,
    lengths_key,
    target_key,
    weight_key,
)
from models.features.kept_values import kept_list, padded
from models.trials.data import TrialData
from schemas.contract import parse_schema, read_contract

CONTRACT = read_contract(parse_schema(SCHEMA))
SEEN, HISTORY = indices_key("seen_x20_item"), lengths_key("history")


def numbered(rows: int) -> InMemorySplit:
    """Row n has the number n, the list (n, n + 1, n + 2), the pair (10 n, 11 n), the half n / 2."""
    n = np.arange(rows)
    return InMemorySplit(
        integer_names=("number", "third"),
        integers=np.stack([n, n // 3, n, n + 1, n + 2, 10 * n, 11 * n], axis=1).astype(np.int32),
        float_names=("half",),
        floats=np.stack([n / 2, -n, n * n], axis=1).astype(np.float32),
        integer_lists=(("list", 3), ("pair", 2)),
        float_lists=(("vector", 2),),
    )


def test_a_column_of_lists_has_their_length() -> None:
    rows = numbered(4)
    assert rows.column("third").tolist() == [0, 0, 0, 1]
    assert rows.column("list").tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert rows.column("pair").tolist() == [[0, 0], [10, 11], [20, 22], [30, 33]]
    assert rows.column("vector").tolist() == [[0, 0], [-1, 1], [-2, 4], [-3, 9]]
    assert rows.at(np.array([2, 0])).column("list").tolist() == [[2, 3, 4], [0, 1, 2]]
    with pytest.raises(ValueError, match="no column 'lists'"):
        rows.column("lists")


def test_a_batch_has_whole_lists_of_its_rows() -> None:
    rows = numbered(23)
    batches = [*rows.epoch(5, seed=3, epoch=1), *rows.in_order(5)]
    assert [len(batch["number"]) for batch in batches] == [5] * 4 + [5] * 4 + [3]
    for batch in batches:
        n = batch["number"].numpy()
        np.testing.assert_array_equal(batch["third"], n // 3)
        np.testing.assert_array_equal(batch["list"], np.stack([n, n + 1, n + 2], axis=1))
        np.testing.assert_array_equal(batch["pair"], np.stack([10 * n, 11 * n], axis=1))
        np.testing.assert_array_equal(batch["vector"], np.stack([-n, n * n], axis=1))
        np.testing.assert_array_equal(batch["half"], n / 2)
        assert {name: x.dtype for name, x in batch.items() if name in ("list", "vector")} == {
            "list": tf.int64,
            "vector": tf.float32,
        }


def test_static_shapes_are_known() -> None:
    spec = numbered(9).in_order(4).element_spec
    assert spec["list"].shape.as_list() == [None, 3]
    assert spec["vector"].shape.as_list() == [None, 2]
    assert spec["half"].shape.as_list() == [None]


def test_files_hold_lists(tmp_path: pathlib.Path) -> None:
    save_held(numbered(6), tmp_path)
    loaded = load_held(tmp_path)
    assert (loaded.integer_lists, loaded.float_lists) == (
        (("list", 3), ("pair", 2)),
        (("vector", 2),),
    )
    np.testing.assert_array_equal(loaded.column("pair"), numbered(6).column("pair"))


def test_files_of_before_there_were_lists_are_read(tmp_path: pathlib.Path) -> None:
    save_held(InMemorySplit(("a",), np.ones((2, 1), np.int32), (), np.ones((2, 0))), tmp_path)
    names = json.loads((tmp_path / "names.json").read_text())
    kept = {name: names[name] for name in ("integers", "floats")}
    (tmp_path / "names.json").write_text(json.dumps(kept))
    assert load_held(tmp_path).integer_lists == ()


def without_learned(raw: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Items as they are, instead of a transform graph."""
    column = CONTRACT.column("seen item")
    kept = kept_list(column, raw[column.name])
    return {
        SEEN: padded(kept, kept.values, 4),
        HISTORY: kept.lengths,
        "text": tf.reshape(raw["text"], [-1, 2]),
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("lists") / "Split-train"
    events = [(item, "a", 1.0) for item in range(1, 9)]
    rows = [row(**history(*events[:n]), text=[float(n), 2.0], click=n % 2) for n in range(9)]
    write_split(folder, rows, shards=1)
    return files_of([f"{folder}/*"])


WANTED = [
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    [1, 2, 0, 0],
    [1, 2, 3, 0],
    [1, 2, 3, 4],
    [2, 3, 4, 5],
    [3, 4, 5, 6],
    [4, 5, 6, 7],
    [5, 6, 7, 8],
]


def test_examples_are_held_with_their_lists(files: list[str]) -> None:
    held = hold(CONTRACT, without_learned, files, serving=False)
    assert held is not None
    assert held.column(SEEN).tolist() == WANTED
    assert held.column(HISTORY).tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert held.column("text").tolist() == [[n, 2.0] for n in range(9)]
    assert held.column(target_key("click")).tolist() == [n % 2 for n in range(9)]
    assert (held.integer_names, held.integer_lists) == ((HISTORY,), ((SEEN, 4),))
    # 4 bytes a number: one length and a list of four; a vector of two, weights and a target.
    names = (target_key("click"), weight_key("click"), "row__weight")
    assert sorted(held.float_names) == sorted(names)
    assert (held.integers.nbytes, held.floats.nbytes) == (9 * 4 * (1 + 4), 9 * 4 * (2 + 3))


def test_streamed_batches_have_the_lists(files: list[str]) -> None:
    streamed = StreamedRows(CONTRACT, without_learned, files, rows=9, buffer_rows=4)
    (batch,) = streamed.epoch(9, seed=1, epoch=0)
    found = dict(zip(batch["text"].numpy()[:, 0].tolist(), batch[SEEN].numpy(), strict=True))
    assert [found[n].tolist() for n in range(9)] == WANTED


def made_data() -> TrialData:
    layout = InputLayout(
        (Field("number", 9),),
        (),
        ("home", "cart"),
        multi_values=(MultiValueField("tags", "tags", 4, 3, pooling="sum", weighted=True),),
        vectors=(VectorField("vector", 2, "item"),),
        sequences=(SequenceInput("history", 3, (ListField("list", "number", 9, 3, 5, "user"),)),),
    )
    return TrialData(layout, CONTRACT.tasks, numbered(4), numbered(3), numbered(2))


def test_rows_of_trials_keep_their_lists_and_layout(tmp_path: pathlib.Path) -> None:
    data = made_data()
    data.save(tmp_path / "data")
    loaded = TrialData.load(tmp_path / "data")
    assert loaded.layout == data.layout
    np.testing.assert_array_equal(loaded.eval.column("list"), data.eval.column("list"))
    del loaded.__dict__["fingerprint"]
    assert loaded.fingerprint == data.fingerprint


def test_the_fingerprint_knows_which_numbers_are_lists() -> None:
    data = made_data()
    other = dataclasses.replace(data.eval, integer_lists=(("list", 2), ("pair", 3)))
    assert dataclasses.replace(data, eval=other).fingerprint != data.fingerprint
