"""Names of folders that are refused before any work is done, and those that are not."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli.commands.compare import compare
from cli.commands.data import data
from cli.commands.run import run
from cli.commands.schedule import schedule
from cli.commands.schema import schema
from cli.common.folder_names import check_home_sign, check_work_folder_name
from cli.common.model_folder import served_folder
from common.errors import PolyrankError
from polyrank import api

PATTERN = (
    "TFX and TensorFlow take *, ?, [ and \\ for patterns of files and can't read control "
    "characters: give a folder without them"
)


@pytest.mark.parametrize(
    "name",
    [
        "my work",
        "日志",
        "ü",
        "100%20",
        "a#b",
        "q'\"z",
        "-v",
        "~v",
        "a~",
        "a{b}",
        "a;b",
        "$HOME",
        "]",
    ],
)
def test_most_names_can_be_used(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    check_work_folder_name(name)
    check_work_folder_name(tmp_path / name / "work")


@pytest.mark.parametrize(("name", "wrong"), [
    ("x[1]", "["), ("a*", "*"), ("a?b", "?"), ("a\\b", "\\"), ("a\nb", "\n"), ("a\x7f", "\x7f"),
])  # fmt: skip
def test_a_pattern_of_files_is_no_work_folder(tmp_path, monkeypatch, name, wrong):
    monkeypatch.chdir(tmp_path)
    said = f"--work-dir is {str(tmp_path / name)!r}, with {wrong!r} in it; {PATTERN}"
    with pytest.raises(PolyrankError) as error:
        check_work_folder_name(name)
    assert str(error.value) == said
    # Where it is one of the folders above, too.
    (tmp_path / name).mkdir()
    monkeypatch.chdir(name)
    with pytest.raises(PolyrankError, match="with .* in it"):
        check_work_folder_name("work")


def test_a_name_that_is_no_utf8_is_refused(tmp_path):
    with pytest.raises(PolyrankError, match=r"\\xff', which is not UTF-8; give another folder"):
        check_work_folder_name(os.fsdecode(b"/tmp/\xff"))


def test_the_home_folders_sign_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolyrankError) as error:
        check_home_sign("~/log", "--out")
    assert str(error.value) == (
        "--out is '~/log': only a shell replaces ~ by the home folder, and only at the start of a "
        f"word; write {pathlib.Path.home()}/log, or {tmp_path}/~/log for a folder called ~"
    )
    check_home_sign(tmp_path / "~" / "log", "--out")
    for group, *words in (
        (data, "synthetic", "--rows", "10", "--days", "1", "--out", "~/log"),
        (schema, "infer", "--data", "log.csv", "--out", "~/s.pbtxt"),
    ):
        result = CliRunner().invoke(group, words)
        assert isinstance(result.exception, PolyrankError), result.output
        assert "only a shell replaces ~" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x[1]", "~/work"])
def test_no_command_begins_in_such_a_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(run, ["--preset", "synthetic", "--work-dir", name, "--json"])
    assert isinstance(refused.exception, PolyrankError)
    document = json.loads(refused.stdout)
    assert (document["status"], document["exit_code"]) == ("error", 1)
    assert document["reason"].startswith("--work-dir is ")
    for call in (
        lambda: api.run("synthetic", work_dir=name),
        lambda: api.compare("synthetic", ["mmoe"], work_dir=name),
        lambda: api.compare("synthetic", ["mmoe"], work_dir="work", out=name),
        lambda: served_folder(name, "polyrank"),
        lambda: served_folder("work", "polyrank", name),
    ):
        with pytest.raises(PolyrankError, match="with '\\[' in it|only a shell"):
            call()
    words = ["--preset", "synthetic", "--models", "mmoe", "--work-dir", name, "--json"]
    assert "--work-dir is " in CliRunner().invoke(compare, words).stdout
    words = ["--preset", "synthetic", "--cron", "0 3 * * *", "--work-dir", name]
    planned = CliRunner().invoke(schedule, words)
    assert isinstance(planned.exception, PolyrankError) and planned.output == ""
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_so_at_once_with_status_1(tmp_path):
    """Before TensorFlow is imported, which takes seconds."""
    script = (
        "import sys; from cli.main import main\n"
        "sys.argv = ['polyrank', 'run', '--preset', 'synthetic', '--work-dir', 'x[1]']\n"
        "try: main()\n"
        "finally: assert 'tensorflow' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    place = str(tmp_path / "x[1]")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: --work-dir is {place!r}, with '[' in it; {PATTERN}\n"
    assert list(tmp_path.iterdir()) == []
