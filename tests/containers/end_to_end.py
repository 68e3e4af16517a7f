"""`make e2e-containers`: every compiled step in its own container, then the pushed model served.

Two runs of the same compiled pipeline: one on a log that keeps its contract, which ends with a
pushed model, and one on a log that DataGate refuses, which must fail and push nothing. The model
server's container then answers requests for what the first one pushed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from engine import EngineError, engine

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
WORK = ROOT / "work" / "containers"
BIN = pathlib.Path(sys.executable).parent
DRIVER = ROOT / ".tools" / "driver" / "bin" / "python"
PIPELINE, SERVER = "polyrank/pipeline:latest", "polyrank/model-server:latest"
LABELS = ("click", "action", "conversion")
OUTPUTS = {
    *("click", "action_given_click", "click_and_action"),
    *("conversion", "conversion_given_click", "click_and_conversion"),
}
ROWS = 5
_SERVER_SECONDS = 180


def run(*command: str, **environment: str) -> str:
    """Runs a command that must succeed; returns its stdout."""
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=True,
        stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Says how long something took."""
    started = time.monotonic()
    yield
    print(f"== {what}: {time.monotonic() - started:.0f} s", flush=True)


def run_steps(name: str, log: pathlib.Path) -> tuple[int, str, pathlib.Path]:
    """Compiles the pipeline for a log and runs it: exit status, output, work folder."""
    work_dir, spec = WORK / name, WORK / f"{name}.yaml"
    work_dir.mkdir()
    for folder in (WORK, work_dir):  # The images' user is not the one who runs this.
        folder.chmod(0o777)
    run(
        str(BIN / "python"), "-W", "ignore", "kubeflow_runner.py",
        POLYRANK_CONFIG=str(HERE / "small.yaml"), POLYRANK_DATA=str(log),
        POLYRANK_WORK_DIR=str(work_dir), POLYRANK_IMAGE=PIPELINE, POLYRANK_SPEC=str(spec),
        TF_CPP_MIN_LOG_LEVEL="3",
    )  # fmt: skip
    command = [str(DRIVER), str(HERE / "local_kubeflow.py"), str(spec)]
    command += ["--pipeline-root", str(WORK), "--parameter", f"state-token={name}"]
    command += ["--parameters", str(spec.with_suffix(".parameters.json"))]
    output = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process, (WORK / f"{name}.log").open("w") as file:  # fmt: skip
        for line in process.stdout or ():
            output += line
            file.write(line)
            if line.lstrip().startswith("step "):
                print(line.strip(), flush=True)
    return process.returncode, output, work_dir


def break_labels(log: pathlib.Path, broken: pathlib.Path) -> None:
    """Copies a log; nobody ever clicks in the copy."""
    shutil.copytree(log, broken)
    for part in broken.glob("span=*/*.parquet"):
        table = pq.read_table(part)
        for label in LABELS:
            place = table.schema.get_field_index(label)
            zeros = pa.array([0] * table.num_rows, table.schema.field(label).type)
            table = table.set_column(place, label, zeros)
        pq.write_table(table, part)


@contextlib.contextmanager
def served(docker: str, folder: pathlib.Path) -> Iterator[str]:
    """The model server's container on a folder of models, once its health check says so."""
    container = run(
        docker, "run", "--detach", "--volume", f"{folder}:/models:ro", "--env", "MODEL_NAME=small",
        "--read-only", "--tmpfs", "/tmp", "--health-interval", "2s", SERVER,
    ).strip()  # fmt: skip
    try:
        deadline = time.monotonic() + _SERVER_SECONDS
        health = "{{.State.Health.Status}}"
        while (state := run(docker, "inspect", "--format", health, container).strip()) != "healthy":
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"the model server is {state}:\n{run(docker, 'logs', container)}"
                )
            time.sleep(1)
        yield container
    finally:
        run(docker, "rm", "--force", container)


def check_pushed(log: pathlib.Path, steps: int) -> pathlib.Path:
    """A run on a sound log: every step ends with status 0, and one version is registered."""
    status, output, work_dir = run_steps("sound", log)
    assert status == 0, f"exit status {status}; see {WORK / 'sound.log'}"
    assert output.count("ended with status 0 after") == steps
    versions = json.loads((work_dir / "registry.json").read_text())["versions"]
    pushed = work_dir / versions[0]["pushed_destination"]
    assert len(versions) == 1 and (pushed / "saved_model.pb").is_file(), versions
    print(f"pushed: {pushed}")
    return work_dir / "serving"


def check_refused(log: pathlib.Path) -> None:
    """A run on a log without clicks: DataGate fails, nothing after it runs."""
    status, output, work_dir = run_steps("refused", log)
    last = output.strip().splitlines()[-1]
    assert status == 1 and "DataGate" in last, f"exit status {status}: {last}"
    assert "step DataGate ended with status 1" in output
    assert "column 'click' (label:click) is 0 in all" in output
    assert "step Trainer" not in output and not (work_dir / "serving").exists()
    print(f"failed as it must, exit status {status}: {last}")


def check_served(docker: str, serving: pathlib.Path, rows: pathlib.Path) -> None:
    """The served model gives a probability a row and output, as their names relate them."""
    with served(docker, serving) as container:
        print(
            run(
                docker, "exec", container, "python", "-m", "serving.health", "--model-name", "small"
            )
        )
        answer = run(
            docker, "run", "--rm", "--network", f"container:{container}",
            "--volume", f"{rows}:/rows.parquet:ro", PIPELINE, "polyrank", "predict",
            "--model-name", "small", "--parquet", "/rows.parquet", "--rows", str(ROWS), "--json",
        )  # fmt: skip
    print(answer)
    scores = [json.loads(line) for line in answer.splitlines()]
    places = [(row.pop("file"), row.pop("row")) for row in scores]
    assert places == [("/rows.parquet", row) for row in range(ROWS)]
    for row in scores:
        assert set(row) == OUTPUTS and all(0 < score < 1 for score in row.values())
        product = row["click"] * row["action_given_click"]
        assert math.isclose(row["click_and_action"], product, rel_tol=1e-5)


def main() -> None:
    """Builds, runs and serves; the exit status is 0 only if all of it held."""
    WORK.mkdir(parents=True, exist_ok=True)
    with engine(ROOT / "work" / "docker", ROOT / "work" / "dockerd.log") as docker:
        with timed("images"):
            print(run("make", "images", "IMAGES=pipeline model-server", DOCKER=docker))
        print(run(docker, "images", "polyrank/*"))
        # What an earlier run's containers wrote belongs to their user.
        run(
            docker, "run", "--rm", "--user", "0", "--volume", f"{WORK}:/work", PIPELINE,
            "find", "/work", "-mindepth", "1", "-delete",
        )  # fmt: skip
        log = WORK / "log"
        run(
            str(BIN / "polyrank"), "data", "synthetic", "--out", str(log), "--rows", "16000",
            "--days", "4", "--start", "2026-01-01", "--seed", "3",
        )  # fmt: skip
        break_labels(log, WORK / "log-without-clicks")
        with timed("the run that must fail"):
            check_refused(WORK / "log-without-clicks")
        steps = len(yaml.safe_load((WORK / "refused.yaml").read_text())["root"]["dag"]["tasks"])
        with timed(f"the run of {steps} steps"):
            serving = check_pushed(log, steps)
        with timed("serving"):
            check_served(docker, serving, next(log.glob("span=2026-01-04/*.parquet")))
    print("e2e-containers: passed")


if __name__ == "__main__":
    try:
        main()
    except EngineError as error:
        sys.exit(f"e2e-containers: {error}")
