import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from past_events import CONTRACT, DATES, DAY, START, by_hand, random_day, read_day
from past_events import write_log as write_spans

from common.errors import BadDataError
from data.history.carried import CarriedHistories
from data.history.config import HistoryConfig
from data.history.events import rows_of_day
from data.history.latest import write_latest
from data.history.plan import make_plan
from data.history.write_log import write_histories

LISTS = ("item", "brand", "price", "action", "gap")


def planned(**settings):
    given = {"events": ("click", "buy"), "columns": ("item", "brand", "price"), **settings}
    return make_plan(CONTRACT, HistoryConfig(**given))


def lists_of(table):
    columns = [table[f"history_{name}"].to_pylist() for name in LISTS]
    return [list(row) for row in zip(*columns, strict=True)]


def wanted_lists(rows):
    return [[w.items, w.brands, w.prices, w.actions, w.gaps] for w in rows]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("length", "delay", "scenario"),
    [(50, 0, "all"), (3, 0, "all"), (4, 0, "own"), (3, 30_000, "all"), (5, 100_000, "own")],
)
def test_a_log_gets_what_a_loop_over_rows_finds(tmp_path, seed, length, delay, scenario):
    tables = {date: random_day(day, 150, seed) for day, date in enumerate(DATES)}
    log = write_spans(tmp_path / "log", tables)
    plan = planned(length=length, delay=delay, scenario=scenario)
    written, _ = write_histories(plan, log, tmp_path / "out")
    wanted = by_hand(list(tables.values()), length, delay, scenario == "own")
    for date, rows in zip(DATES, wanted, strict=True):
        found = read_day(tmp_path / "out", date)
        assert found.select(tables[date].column_names).equals(tables[date])
        assert lists_of(found) == wanted_lists(rows)
    assert written.report.read == 450
    assert written.guests + written.empty == sum(not w.items for day in wanted for w in day)


def test_the_planted_leak_is_seen_by_no_row(tmp_path):
    """Rows of one time all are events whose item tells them: none may hold one of its own time."""
    rows = 60
    table = random_day(0, rows, 9)
    table = table.set_column(3, "item", pa.array(np.arange(rows)))
    table = table.set_column(6, "click", pa.array(np.ones(rows, np.int64)))
    log = write_spans(tmp_path / "log", {DATES[0]: table})
    write_histories(planned(columns=("item",)), log, tmp_path / "out")
    found = read_day(tmp_path / "out", DATES[0])
    times = table["time"].to_pylist()
    seen = 0
    for row, items in enumerate(found["history_item"].to_pylist()):
        assert all(times[item] < times[row] for item in items)
        seen += len(items)
    ties = [t for t in times if times.count(t) > 1]
    assert seen > rows
    assert ties


def test_what_a_server_gets_is_what_training_saw(tmp_path):
    """A request one second after the end, on the next day, against the exported state."""
    tables = {date: random_day(day, 120, 5) for day, date in enumerate(DATES)}
    now = (START + 3 * DAY + 1) * 1_000
    asks = random_day(3, 40, 5).set_column(0, "time", pa.array([now] * 40))
    for scenario in ("all", "own"):
        plan = planned(length=7, scenario=scenario)
        log = write_spans(tmp_path / f"log-{scenario}", tables)
        _, carried = write_histories(plan, log, None)
        file = tmp_path / f"latest-{scenario}.parquet"
        count = write_latest(plan, carried, file)
        state = pq.read_table(file).to_pylist()
        assert count == len(state) == (4 if scenario == "all" else 8)
        keys = ("user", "page") if scenario == "own" else ("user",)
        assert [tuple(row[key] for key in keys) for row in state] == sorted(
            tuple(row[key] for key in keys) for row in state
        )
        by_key = {tuple(row[key] for key in keys): row for row in state}
        longer = write_spans(tmp_path / f"longer-{scenario}", {**tables, "2026-01-04": asks})
        write_histories(plan, longer, tmp_path / f"out-{scenario}")
        trained = read_day(tmp_path / f"out-{scenario}", "2026-01-04").to_pylist()
        assert any(row["user"] for row in trained)
        for row in trained:
            if not row["user"]:
                assert row["history_item"] == []
                continue
            served = by_key[tuple(row[key] for key in keys)]
            for name in ("item", "brand", "price", "action"):
                assert served[f"history_{name}"] == row[f"history_{name}"]
            gaps = [(now - then) // 1_000 for then in served["history_time"]]
            assert gaps == row["history_gap"]


def test_with_a_delay_a_server_takes_the_old_enough_of_the_state(tmp_path):
    tables = {date: random_day(day, 120, 6) for day, date in enumerate(DATES)}
    delay, length, now = 40_000, 3, (START + 3 * DAY + 9_000) * 1_000
    asks = random_day(3, 30, 6).set_column(0, "time", pa.array([now] * 30))
    plan = planned(length=length, delay=delay)
    log = write_spans(tmp_path / "log", tables)
    _, carried = write_histories(plan, log, None)
    write_latest(plan, carried, tmp_path / "latest.parquet")
    state = {row["user"]: row for row in pq.read_table(tmp_path / "latest.parquet").to_pylist()}
    longer = write_spans(tmp_path / "longer", {**tables, "2026-01-04": asks})
    write_histories(plan, longer, tmp_path / "out")
    trained = [r for r in read_day(tmp_path / "out", "2026-01-04").to_pylist() if r["user"]]
    assert any(len(row["history_item"]) > length for row in state.values())
    for row in trained:
        served = state[row["user"]]
        old = [i for i, t in enumerate(served["history_time"]) if t <= now - delay * 1_000]
        assert [served["history_item"][i] for i in old[-length:]] == row["history_item"]


def test_labels_that_are_not_known_are_no_events():
    """As in a run: a span of which half the clicks' payments are known is left out of `buy`."""
    plan = planned(events=("buy",), columns=("item",))

    def items(paid):
        rows = {
            "time": pa.array([START * 1_000 + row for row in range(21)], pa.int64()),
            "user": pa.array([b"ann"] * 21, pa.binary()),
            "item": pa.array(range(21), pa.int64()),
            "click": pa.array([1] * 10 + [0] * 11, pa.int64()),
            "paid": pa.array(paid, pa.float32()),
        }
        day = CarriedHistories(plan).add_day(
            rows_of_day(plan, rows, DATES[0]), (START + DAY) * 1_000
        )
        return day.lists(20, 21)[0].to_pylist()

    assert items([9.0] * 5 + [None] * 16) == [[]]
    assert items([9.0] * 10 + [None] * 11) == [list(range(10))]
    assert items([9.0, None, 5.0, 5.5, *[0.0] * 6] + [0.0] * 11) == [[0, 3]]


def test_rows_that_break_the_contract_are_no_events_and_stay(tmp_path):
    table = random_day(0, 30, 2)
    page = table["page"].to_pylist()
    page[3] = "cart"
    table = table.set_column(2, "page", pa.array(page))
    table = table.set_column(6, "click", pa.array(np.ones(30, np.int64)))
    log = write_spans(tmp_path / "log", {DATES[0]: table})
    written, _ = write_histories(planned(), log, tmp_path / "out")
    assert written.report.quarantined == 1
    found = read_day(tmp_path / "out", DATES[0])
    assert found.select(table.column_names).equals(table)
    assert found["history_item"].to_pylist()[3] == []
    rest = table.take([row for row in range(30) if row != 3])
    wanted = by_hand([rest], 50, 0, False)[0]
    got = [row for number, row in enumerate(lists_of(found)) if number != 3]
    assert got == wanted_lists(wanted)


def test_text_files_become_typed_columns(tmp_path):
    span = tmp_path / "log" / f"span={DATES[0]}"
    span.mkdir(parents=True)
    first = START * 1_000
    (span / "a.csv").write_text(
        "time,user,page,item,brand,price,click,paid\n"
        f"{first + 2_500},ann,home,4,x,1.5,0,\n"
        f"{first},ann,home,3,,2.5,1,9\n"
    )
    write_histories(planned(), str(tmp_path / "log"), tmp_path / "out")
    found = read_day(tmp_path / "out", DATES[0])
    assert found["item"].type == pa.int64()
    assert lists_of(found) == [[[3], [""], [2.5], ["buy"], [2]], [[], [], [], [], []]]


def test_an_existing_span_is_refused_and_nothing_is_half_written(tmp_path):
    tables = {date: random_day(day, 20, 1) for day, date in enumerate(DATES)}
    log = write_spans(tmp_path / "log", tables)
    out = tmp_path / "out"
    write_histories(planned(), log, out)
    with pytest.raises(BadDataError, match="overwrite"):
        write_histories(planned(), log, out)
    (tmp_path / "log" / f"span={DATES[2]}" / "part-0.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(BadDataError, match="can't be read as Parquet"):
        write_histories(planned(), log, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        f"span={date}" for date in DATES[:2]
    ]
    with pytest.raises(BadDataError, match="is the log itself"):
        write_histories(planned(), log, tmp_path / "log", overwrite=True)


def test_a_column_of_the_files_with_a_lists_name_is_refused(tmp_path):
    table = random_day(0, 20, 1).append_column("history_gap", pa.array([0] * 20))
    log = write_spans(tmp_path / "log", {DATES[0]: table})
    with pytest.raises(BadDataError, match="column 'history_gap' already.*--group"):
        write_histories(planned(), log, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
