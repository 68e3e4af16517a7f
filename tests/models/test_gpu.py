"""What only a GPU can prove; `make test-gpu` runs it and fails where there is none."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors
from mirrored_check import MODELS, check_mirrored
from preloaded import Preloaded
from trainer_arguments import arguments

from models.training.run_fn import run_fn

pytestmark = pytest.mark.gpu

FOLDER = pathlib.Path(__file__).parent
MODEL = {"name": "mmoe", "embedding_dim": 4, "expert_units": [8], "tower_units": [4]}


@pytest.fixture(scope="session", autouse=True)
def gpu() -> str:
    """The name of a GPU."""
    found = tf.config.list_physical_devices("GPU")
    if not found:
        pytest.fail(
            "TensorFlow finds no GPU here, and without one these tests prove nothing: "
            "`nvidia-smi` must list one, and the environment needs tensorflow[and-cuda]",
            pytrace=False,
        )
    for device in found:
        # Processes of these tests share it.
        tf.config.experimental.set_memory_growth(device, True)
    # CPUs have no TF32: its 10 bits would hide what is compared here.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return "GPU:0"


def losses(device: str, **training: Any) -> list[float]:
    """The losses of ten steps with SGD on that device."""
    with tf.device(device):
        ranker = make_ranker(MODEL, optimizer="sgd", learning_rate=0.3, **training)
        randomise(ranker)
        step = tf.function(ranker.train_step)
        rows = tensors(batch(64, layout(), task_graph(2)))
        found = [float(step(rows)["loss"]) for _ in range(10)]
    kind = device.partition(":")[0]
    assert all(f":{kind}:" in table.device for table in ranker.embeddings.tables.values())
    return found


@pytest.mark.parametrize(
    ("training", "tolerance"),
    [
        ({}, 1e-5),
        ({"xla": True}, 1e-5),
        ({"precision": "mixed_float16"}, 2e-2),
        ({"precision": "mixed_float16", "xla": True}, 2e-2),
    ],
    ids=["float32", "xla", "mixed", "mixed-xla"],
)
def test_a_gpu_learns_what_a_cpu_learns(
    gpu: str, training: dict[str, Any], tolerance: float
) -> None:
    expected, found = losses("CPU:0"), losses(gpu, **training)
    assert expected[-1] < expected[0] - 0.01
    assert found == pytest.approx(expected, rel=0, abs=tolerance)


@pytest.mark.parametrize("mode", MODELS)
def test_two_logical_gpus_equal_one(
    preloaded: Preloaded, tmp_path: pathlib.Path, mode: str
) -> None:
    check_mirrored(preloaded, tmp_path, mode, MODELS[mode], "GPU")


@pytest.mark.parametrize(
    ("training", "tolerance"),
    [({}, 1e-5), ({"precision": "mixed_float16", "xla": True}, 1e-3)],
    ids=["float32", "mixed-xla"],
)
def test_a_cpu_serves_the_scores_of_the_gpu(
    tmp_path: pathlib.Path, transform_dir: str, training: dict[str, Any], tolerance: float
) -> None:
    """Trained, recorded and exported on the GPU; the SavedModel is asked where there is none."""
    run_fn(arguments(tmp_path, transform_dir, **training))
    check = (
        "import pathlib, sys, trainer_arguments\n"
        "trainer_arguments.check_outcome(pathlib.Path(sys.argv[1]), float(sys.argv[2]))"
    )
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])]),
    }
    command = [sys.executable, "-c", check, str(tmp_path), json.dumps(tolerance)]
    subprocess.run(command, env=environment, check=True, timeout=600)
