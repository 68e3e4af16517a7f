"""Records of finished trials: one sorted line each, read back as they were."""

import dataclasses
import errno
import fcntl
import json
import math
import multiprocessing
import os
import pathlib
import stat

import pytest
from made_trials import result

from common.errors import PolyrankError
from models.trials.records import Record, RecordFile, read_records, rounded


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "records" / "mine.jsonl"


def record(model: str, seed: int, auc: float = 0.6, **more) -> Record:
    return Record((model, seed), result(model, seed, auc, 0.7), more)


def test_a_record_is_read_back(path):
    made = record("mmoe", 0, donors=[0.25, None])
    RecordFile(path).add(made)
    found = RecordFile(path).find("mmoe-0")
    assert found.trial == ("mmoe", 0) and found.more == {"donors": [0.25, None]}
    assert math.isnan(found.result.metrics["eval"]["click"]["none"]["auc"])
    metrics = rounded(made.result.metrics)
    # NaN is not equal to itself, so the texts are compared.
    assert repr(found.result) == repr(dataclasses.replace(made.result, metrics=metrics))
    assert RecordFile(path).find("mmoe-1") is None


def test_floats_have_seven_digits(path):
    RecordFile(path).add(record("mmoe", 0, auc=0.123456789))
    cell = RecordFile(path).find("mmoe-0").result.metrics["eval"]["click"]["home"]
    assert (cell["auc"], cell["positives"]) == (0.1234568, 100)
    assert rounded({"a": [1234.5678, 3, None, "x"]}, 3) == {"a": [1230.0, 3, None, "x"]}


def test_lines_are_sorted_and_one_a_trial(path):
    file = RecordFile(path)
    for one in (record("ple", 1), record("mmoe", 10), record("mmoe", 2), record("ple", 1, 0.65)):
        file.add(one)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["trial"] for line in lines] == [["mmoe", 2], ["mmoe", 10], ["ple", 1]]
    assert [len(file), len(RecordFile(path))] == [3, 3]
    assert file.find("ple-1").result.metrics["eval"]["click"]["home"]["auc"] == 0.65
    # The same records in another order are the same file.
    other = RecordFile(path.with_name("other.jsonl"))
    for one in (record("ple", 1, 0.65), record("mmoe", 2), record("mmoe", 10)):
        other.add(one)
    assert other.path.read_bytes() == path.read_bytes()


def test_several_files_are_one_index(path):
    RecordFile(path).add(record("mmoe", 0))
    RecordFile(path.with_name("other.jsonl")).add(record("ple", 3))
    assert set(read_records(path.parent.glob("*.jsonl"))) == {"mmoe-0", "ple-3"}


def add_ten(path: pathlib.Path, model: str) -> None:
    file = RecordFile(path)
    for seed in range(10):
        file.add(record(model, seed))


def test_writers_at_the_same_time_lose_nothing(path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=add_ten, args=(path, name)) for name in ("mmoe", "ple")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(RecordFile(path)) == 20
    assert [x.name for x in path.parent.iterdir()] == ["mine.jsonl"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no record of a trial"),
        ("[]", "line 2 is no record of a trial"),
        ('{"format": 1, "trial": ["a"], "result": {}}', "KeyError: 'monitor'"),
        (
            '{"format": 1, "trial": ["a"], "result": {"monitor": 1, "metrics": []}, "more": {}}',
            "line 2 is no record of a trial .AttributeError",
        ),
        ("<<<<<<< HEAD", "line 2 is no record .* take the line out, and the trial is run again"),
        (b"\xff\xfe", "line 2 is no record of a trial .UnicodeDecodeError"),
        ('{"format": 7}', "line 2 is of format 7, and this version of Polyrank reads 1"),
    ],
)
def test_a_line_that_is_no_record_is_named(path, line, said):
    RecordFile(path).add(record("mmoe", 0))
    with path.open("ab") as file:
        file.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
    with pytest.raises(PolyrankError, match=said):
        RecordFile(path)


def test_a_record_without_a_usable_name_is_refused(path):
    RecordFile(path).add(record("mmoe", 0))
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "trial": ["mmoe", [0]]}))
    with pytest.raises(PolyrankError, match=r"line 1 is no .*\[0\] names no trial; want texts"):
        RecordFile(path)


@pytest.mark.parametrize("files_too", [False, True])
def test_a_file_system_that_can_not_lock_folders_has_records_too(path, monkeypatch, files_too):
    def refuse(descriptor, operation):
        if files_too or stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        locked.append(descriptor)

    locked = []
    monkeypatch.setattr(fcntl, "flock", refuse)
    for model in ("mmoe", "ple"):
        RecordFile(path).add(record(model, 0))
    assert len(RecordFile(path)) == 2 and len(locked) == (0 if files_too else 2)


def test_a_record_of_other_code_is_not_found_and_is_replaced(path):
    file = RecordFile(path)
    file.add(record("mmoe", 0))
    stale = dataclasses.replace(file.find("mmoe-0").result, fingerprint="of today's code")
    assert file.find("of today's code") is None
    file.add(Record(("mmoe", 0), stale))
    assert [x.result.fingerprint for x in RecordFile(path)] == ["of today's code"]
