"""Whatever is sent to the model server, it goes on, answers rightly and keeps its memory."""

import os
import sys

import pytest
from city_model import push
from fuzzing import Fuzzer

from serving.process import ServerProcess

SHORT = 2_000
LONG = int(os.environ.get("POLYRANK_FUZZ_REQUESTS", "100000"))


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(SHORT, marks=pytest.mark.e2e),
        pytest.param(LONG, marks=pytest.mark.fuzz),
    ],
)
def test_mutated_requests_do_no_harm(saved_model, tmp_path, requests, capsys):
    base_path = tmp_path / "cities"
    base_path.mkdir()
    push(saved_model, base_path, 7)
    with ServerProcess("cities", base_path, tmp_path / "server.log") as server:
        outcome = Fuzzer(server.target, server.pid, requests, samples=20).run()
    memory = ", ".join(f"{sent}: {size:.0f}" for sent, size in outcome.samples.items())
    with capsys.disabled():
        sys.stdout.write(f"\n{dict(outcome.codes)}, {outcome.checked} scores compared\n")
        sys.stdout.write(f"MiB by requests: {memory}\n")
    assert outcome.problems == []
    assert sum(outcome.codes.values()) == requests
    assert outcome.codes["OK"] > requests / 10 and outcome.codes["INVALID_ARGUMENT"] > requests / 3
    assert outcome.checked > requests / 20
    # Arenas, threads and the first large requests take their memory by then.
    warm = min(sent for sent in outcome.samples if sent >= min(5000, requests // 2))
    first, last = outcome.samples[warm], outcome.samples[max(outcome.samples)]
    assert last < 1.1 * first
    log = (tmp_path / "server.log").read_text()
    assert "Traceback" not in log
