"""Histories that hold the outcome of their own moment are named, honest ones are not."""

import json

import numpy as np
import pytest
import ranking_samples
from sklearn.metrics import roc_auc_score
from tfx.types import standard_artifacts

from common.errors import BadDataError
from common.settings import SettingsError
from components.common.artifacts import LeakReport
from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.executor import Executor
from components.leak_alarm.list_parts import list_parts
from schemas.contract import parse_schema, read_contract

LISTS = """
feature { name: "item" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "item" tag: "id" } }
feature { name: "hist" type: INT value_count { min: 0 }
  annotation { tag: "sequence:of=item,group=past" } }
feature { name: "gaps" type: FLOAT value_count { min: 0 }
  annotation { tag: "sequence:group=past,buckets=4" } }
feature { name: "tags" type: BYTES value_count { min: 0 } annotation { tag: "multi_value" } }
feature { name: "dense" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "vector:dim=2" } }
"""
SCHEMA = ranking_samples.SCHEMA + LISTS
CONTRACT = read_contract(parse_schema(SCHEMA))
ROWS = 4_000


def lists(values, kind):
    found = np.empty(len(values), object)
    found[:] = [np.array(x, kind) for x in values]
    return found


def history_rows(strict, seed=2, people=100, items=40, again=0.3):
    """Rows in the order of time; `hist` is the items that the person clicked `strict`ly before.

    With a chance of `again` a row is about an item that the person clicked before, and is clicked
    more often than another one: what is honest, and ranks.
    """
    random = np.random.default_rng(seed)
    rows = ranking_samples.make_rows(ROWS)
    rows["uid"] = random.integers(0, people, ROWS)
    before = {x: [] for x in range(people)}
    item, click, hist, gaps = np.zeros(ROWS, np.int64), np.zeros(ROWS, np.int64), [], []
    for row, uid in enumerate(rows["uid"]):
        past = before[uid]
        back = bool(past) and random.random() < again
        item[row] = random.choice([x for x, _ in past]) if back else random.integers(0, items)
        click[row] = random.random() < (0.6 if back else 0.3)
        seen = list(past)
        if click[row]:
            past.append((item[row], row))
        seen = seen if strict else list(past)
        hist.append([x for x, _ in seen])
        gaps.append([row - x for _, x in seen])
    rows |= {"item": item, "is_click": click, "is_buy": np.zeros(ROWS, np.int64)}
    rows["hist"], rows["gaps"] = lists(hist, np.int64), lists(gaps, np.float32)
    rows["tags"] = lists([[b"a"] * (x % 3) for x in item], "S1")
    rows["dense"] = lists([random.normal(size=2) if x % 9 else [] for x in item], np.float32)
    return rows


@pytest.fixture
def alarm(tmp_path):
    """Runs the executor over rows; returns leaks.json."""

    def run(rows, **config):
        folder = tmp_path / "examples" / "Split-train"
        folder.mkdir(parents=True)
        ranking_samples.write_examples(str(folder / "data.gz"), rows)
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
        examples, schema = standard_artifacts.Examples(), standard_artifacts.Schema()
        examples.uri, schema.uri = str(tmp_path / "examples"), str(tmp_path / "schema")
        examples.split_names = '["train"]'
        examples.set_int_custom_property("rows_train", ROWS)
        report = LeakReport()
        report.uri = str(tmp_path / "report")
        Executor().Do(
            {"examples": [examples], "schema": [schema]},
            {"report": [report]},
            {"leaks": LeaksConfig(**config).model_dump_json(), "code_digest": "x"},
        )
        return json.loads((tmp_path / "report" / "leaks.json").read_text())

    return run


def test_a_history_with_its_own_moment_is_named(alarm):
    rows = history_rows(strict=False)
    click = rows["is_click"] == 1
    newest = np.array(
        [bool(len(x)) and x[-1] == y for x, y in zip(rows["hist"], rows["item"], strict=True)]
    )
    inside = np.array([y in x for x, y in zip(rows["hist"], rows["item"], strict=True)])
    assert newest[click].all()
    with pytest.raises(BadDataError) as error:
        alarm(rows)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("2 features alone rank a label too well")
    said = f"in 100.0% of the positives and {newest[~click].mean():.1%} of the negatives: AUC "
    (line,) = [x for x in lines if "its newest value is" in x]
    assert line.startswith(f"  feature 'hist', its newest value is the row's own 'item' {said}0.9")
    assert f"for click ({click.sum():,} positives): above 0.95" in line
    # A gap of 0 is the row's own moment; the last click of an item is often long ago.
    assert any(x.startswith("  feature 'gaps', its newest value: AUC 1.0000") for x in lines)
    assert not any("'tags'" in x or "'dense'" in x for x in lines)
    assert inside[~click].mean() > 0.15 and not any("it holds" in x for x in lines)
    assert "polyrank data history makes such lists" in lines[-2]


def test_an_honest_history_passes_though_people_come_back(alarm):
    rows = history_rows(strict=True)
    found = alarm(rows)
    click = rows["is_click"] == 1
    inside = np.array([y in x for x, y in zip(rows["hist"], rows["item"], strict=True)])
    area = 0.5 + (inside[click].mean() - inside[~click].mean()) / 2
    assert found["exempt"] == [] and area > 0.6
    auc = found["auc"]["click"]
    weighted = roc_auc_score(click, inside, sample_weight=rows["w"])
    assert auc["hist (it holds the row's own 'item')"] == pytest.approx(weighted, abs=1e-6)
    assert {x for x in auc if "(" in x} == {
        "hist (its length)", "hist (its newest value)", "hist (it holds the row's own 'item')",
        "hist (its newest value is the row's own 'item')", "gaps (its length)",
        "gaps (its newest value)", "tags (its length)",
    }  # fmt: skip


def test_an_exempt_list_passes_and_is_listed(alarm):
    found = alarm(history_rows(strict=False), exempt=("hist", "gaps"))
    assert sorted(found["exempt"]) == ["gaps", "hist"]


def test_an_exempt_list_must_be_a_model_input():
    LeaksConfig(exempt=("hist", "dense")).check_names(CONTRACT)
    with pytest.raises(SettingsError, match="unknown feature 'hits'; did you mean 'hist'"):
        LeaksConfig(exempt=("hits",)).check_names(CONTRACT)


def test_a_part_of_the_events_that_came_too_early_is_known_by_its_rows(alarm):
    rows = history_rows(strict=True, again=0.0)
    random = np.random.default_rng(1)
    early = (rows["is_click"] == 1) & (random.random(ROWS) < 0.1)
    fresh = 40 + np.arange(ROWS) % 1_000
    rows["item"] = np.where(random.random(ROWS) < 0.5, rows["item"], fresh)
    own = [
        [*x, y] if e else [z for z in x if z != y]
        for x, y, e in zip(rows["hist"], rows["item"], early, strict=True)
    ]
    rows["hist"] = lists(own, np.int64)
    rows["gaps"] = lists([np.ones(len(x)) for x in own], np.float32)
    with pytest.raises(BadDataError) as error:
        alarm(rows)
    (line,) = [x for x in str(error.value).splitlines() if "it holds" in x]
    share = early.sum() / rows["is_click"].sum()
    assert line == (
        f"  feature 'hist', it holds the row's own 'item' in {share:.1%} of the positives and 0.0% "
        f"of the negatives: all {early.sum():,} rows of one kind are positive for click"
    )


def test_parts_of_lists_by_hand():
    held = {
        "item": np.array([5, 5, 7, np.iinfo(np.int64).min]),
        "hist": np.array([7, 5, 5, 7, 9]),
        "hist lengths": np.array([2, 0, 2, 1]),
        "gaps": np.array([3.0, 1.0, 4.0, 2.0, 1.0], np.float32),
        "gaps lengths": np.array([2, 0, 2, 1]),
        "tags": np.array([b"a"], object),
        "tags lengths": np.array([0, 0, 1, 0]),
        "dense lengths": np.array([2, 0, 2, 2]),
    }
    parts = {
        (part.column, part.what): part
        for column in CONTRACT.list_features
        for part in list_parts(CONTRACT, column, held)
    }
    newest = parts["hist", "its newest value is the row's own 'item'"]
    assert newest.holds.tolist() == [True, False, True, False]
    inside = parts["hist", "it holds the row's own 'item'"]
    assert inside.holds.tolist() == [True, False, True, False]
    codes = parts["hist", "its newest value"].encoded.codes
    assert codes[0] != codes[1] and len(set(codes)) == 4
    below, above = parts["gaps", "its newest value"].encoded.ranks
    assert below.tolist() == [0, -1, 1, 0] and above.tolist() == [0, 2, 1, 0]
    assert parts["tags", "its length"].encoded.ranks[0].tolist() == [0, 0, 1, 0]
    assert not any(column == "dense" for column, _ in parts)
