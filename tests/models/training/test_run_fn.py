"""run_fn from files to files."""

import os
import pathlib

import pytest
from preloaded import Preloaded
from trainer_arguments import arguments, check_outcome

from common.source_digest import ROOT
from models.training.fingerprint import training_fingerprint
from models.training.run_fn import run_fn


@pytest.mark.e2e
def test_run_fn_held_in_memory(tmp_path: pathlib.Path, transform_dir: str) -> None:
    run_fn(arguments(tmp_path, transform_dir))
    check_outcome(tmp_path)


@pytest.mark.e2e
def test_run_fn_streamed(tmp_path: pathlib.Path, transform_dir: str) -> None:
    run_fn(arguments(tmp_path, transform_dir, rows_in_memory=100))
    check_outcome(tmp_path)


@pytest.mark.e2e
def test_run_fn_on_two_devices(
    preloaded: Preloaded, tmp_path: pathlib.Path, transform_dir: str
) -> None:
    here = pathlib.Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(here.parent)])}
    words = [transform_dir, str(tmp_path / "two")]
    script, log = str(here / "two_devices_script.py"), tmp_path / "log"
    program = preloaded.start(script, words, cwd=ROOT, env=environment, err=log)
    assert program.wait() == 0, log.read_text()[-3000:]


def test_fingerprint_is_of_content_not_of_place(tmp_path: pathlib.Path) -> None:
    def made(name: str, example: bytes = b"rows", graph: bytes = b"graph", seed: int = 0) -> str:
        folder = tmp_path / name
        (folder / "Split-train").mkdir(parents=True)
        (folder / "transform").mkdir()
        (folder / "Split-train" / "data.gz").write_bytes(example)
        (folder / "transform" / "saved_model.pb").write_bytes(graph)
        files = [str(folder / "Split-train" / "data.gz")]
        return training_fingerprint(files, str(folder / "transform"), "schema", {"seed": seed})

    first = made("a")
    assert made("b") == first
    others = [made("c", example=b"swor"), made("d", graph=b"other"), made("e", seed=1)]
    assert len({first, *others}) == 4
