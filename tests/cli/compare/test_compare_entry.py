"""Comparisons in the list of a work folder's runs, however they end."""

import json
import pathlib
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from made_trials import result

from cli.commands.runs import runs
from cli.compare.entry import entered
from cli.compare.files import comparison_document
from cli.compare.plan import make_comparison
from cli.compare.summary import summarise_cells
from common.errors import BadDataError
from pipeline.config_files import load_config
from pipeline.presets import preset_path

PLACE = "20260101T000000.000000"


@pytest.fixture
def comparison():
    names = ["shared_bottom", "mmoe", "ple"]
    return make_comparison(load_config(preset_path("synthetic")), names, [], 2)


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "runs" / PLACE
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def listed(tmp_path: pathlib.Path) -> Callable[[], tuple[dict, str]]:
    """What `polyrank runs` says of the only entry: its JSON object and its line."""

    def run() -> tuple[dict, str]:
        arguments = ["--work-dir", str(tmp_path)]
        found = CliRunner().invoke(runs, [*arguments, "--json"])
        (entry,) = json.loads(found.output)["runs"]
        text = CliRunner().invoke(runs, arguments, env={"COLUMNS": "200"}).output
        (line,) = [line.strip() for line in text.splitlines() if PLACE[:15] in line]
        return entry, line

    return run


def document(failed=()):
    """Of two models with two seeds: the second is .05 better with one seed, .07 with the other."""
    results = [
        result(name, seed, 0.6 + gain * seed + better, 0.7)
        for name, better, gain in (("shared_bottom", 0.0, 0.02), ("mmoe", 0.1, 0.06))
        for seed in (0, 1)
    ]
    cells = summarise_cells(results, "shared_bottom")
    status = {"status": "failed trials" if failed else "compared", "exit_code": int(bool(failed))}
    return {**status, "failed": list(failed), **comparison_document({}, cells, [], results)}


def test_a_running_or_killed_one_is_a_comparison(comparison, directory, listed):
    with pytest.raises(GeneratorExit), entered(directory, comparison, directory):
        # What a kill leaves: nothing more is written.
        raise GeneratorExit
    entry, line = listed()
    assert entry == {
        "run": PLACE,
        "kind": "compare",
        "status": "no result: running, or killed",
        "model": None,
        "version": None,
        "reason": None,
        "models": ["shared_bottom", "mmoe", "ple"],
        "best": None,
        "tied": None,
    }
    assert line.split()[1:4] == ["compare", "3", "models"]
    assert line.endswith("shared_bottom, mmoe, ple: no result: running, or killed")


def test_a_finished_one_names_its_best_model(comparison, directory, listed):
    with entered(directory, comparison, directory) as ended:
        ended(document())
    entry, line = listed()
    # Means of .70 and .73: two gains of .05 and .07 do not tell it from the first (p = .11).
    assert (entry["status"], entry["best"], entry["tied"]) == (
        "compared",
        "mmoe",
        ["shared_bottom"],
    )
    best = "best mean AUC 0.7150: mmoe (tied with it: shared_bottom)"
    assert entry["reason"] == best
    assert "shared_bottom, mmoe, ple: compared: best mean AUC" in line
    written = json.loads((directory / "result.json").read_text())
    assert written["best_auc"] == pytest.approx(0.715, abs=1e-12)
    assert (written["seeds"], written["out"]) == ([0, 1], str(directory))


def test_failed_trials_are_counted(comparison, directory, listed):
    with entered(directory, comparison, directory) as ended:
        ended(document(failed=["ple, seed 0: it broke", "ple, seed 1: it broke"]))
    entry, _ = listed()
    assert entry["status"] == "failed trials"
    assert entry["reason"].endswith("; 2 trials failed, the first: ple, seed 0: it broke")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (BadDataError("span=1 has no row"), "bad data", "span=1 has no row"),
        (ValueError("a bug"), "error", "ValueError: a bug"),
        (KeyboardInterrupt(), "stopped", "interrupted; the same command goes on"),
    ],
    ids=["bad_data", "bug", "interrupted"],
)
def test_one_that_fails_says_why(comparison, directory, listed, error, status, reason):
    with pytest.raises(type(error)), entered(directory, comparison, directory):
        raise error
    entry, line = listed()
    assert (entry["kind"], entry["status"], entry["reason"]) == ("compare", status, reason)
    assert f"shared_bottom, mmoe, ple: {status}: {reason[:10]}" in line
