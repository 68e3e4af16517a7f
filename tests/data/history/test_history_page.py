"""data/history/README.md: its lines for a server give what training saw."""

import pathlib
import re
import time

import pyarrow as pa
from past_events import DATES, DAY, SCHEMA, START, random_day, read_day, write_log

import data.history
from cli.commands.data_history import history
from data.history.config import HistoryConfig
from data.history.latest import write_latest
from data.history.plan import make_plan
from data.history.write_log import write_histories
from schemas.contract import parse_schema, read_contract

PAGE = pathlib.Path(data.history.__file__).parent / "README.md"
NAMES = {"user": "user_id", "item": "product"}


def test_the_lines_for_a_server_give_the_lists_of_training(tmp_path, monkeypatch):
    schema = SCHEMA
    for old, new in NAMES.items():
        schema = schema.replace(f'name: "{old}"', f'name: "{new}"')
    length, delay, now = 4, 50_000, START + 3 * DAY + 1_234
    config = HistoryConfig(events=("click", "buy"), length=length, delay=delay)
    plan = make_plan(read_contract(parse_schema(schema)), config)
    days = {date: random_day(day, 100, 4) for day, date in enumerate(DATES)}
    asks = random_day(3, 30, 4)
    asks = asks.set_column(0, "time", pa.array([now * 1_000] * asks.num_rows))
    renamed = {
        date: table.rename_columns([NAMES.get(name, name) for name in table.column_names])
        for date, table in {**days, "2026-01-04": asks}.items()
    }
    log = write_log(tmp_path / "log", {date: renamed[date] for date in DATES})
    monkeypatch.chdir(tmp_path)
    _, carried = write_histories(plan, log, None)
    write_latest(plan, carried, "users.parquet")
    write_histories(plan, write_log(tmp_path / "longer", renamed), tmp_path / "out")

    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = {}
    exec(code, names)
    monkeypatch.setattr(time, "time", lambda: float(now))
    seen = 0
    for row in read_day(tmp_path / "out", "2026-01-04").to_pylist():
        trained = {name: values for name, values in row.items() if name.startswith("history_")}
        assert names["history"](row["user_id"], delay, length) == trained
        seen += len(trained["history_product"])
    assert seen > 0


def test_its_command_line_is_the_commands():
    block = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    line = block.replace("\\\n", "").splitlines()[0].split()
    assert line[:3] == ["polyrank", "data", "history"]
    given = history.make_context("history", line[3:]).params
    assert given["events"] == ["click", "buy"]
    assert given["columns"] == ["product", "category"]
    assert (str(given["out"]), str(given["latest"])) == ("log-history", "users.parquet")
