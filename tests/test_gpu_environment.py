"""The environment of `make test-gpu`, as far as it can be held together without a GPU."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINK = ROOT / "requirements" / "link-cuda.sh"


def site_packages(environment: pathlib.Path, *libraries: str) -> pathlib.Path:
    """Those of an environment with TensorFlow and these libraries, each of which holds its name."""
    site = environment / "lib" / "python3.10" / "site-packages"
    (site / "tensorflow").mkdir(parents=True)
    for library in libraries:
        path = site / library
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    return site


def test_the_wheels_libraries_lie_beside_tensorflow(tmp_path):
    site = site_packages(
        tmp_path / "here", "nvidia/nccl/lib/libnccl.so.2", "nvidia/cudnn/lib/libcudnn.so.8"
    )
    (site / "nvidia" / "nccl" / "lib" / "__init__.py").touch()
    for _ in range(2):  # Again does no harm.
        subprocess.run([LINK, "here"], cwd=tmp_path, check=True)
    # Relative: an image takes the environment from another stage.
    (tmp_path / "here").rename(tmp_path / "elsewhere")
    found = list((tmp_path / "elsewhere").glob("lib/*/site-packages/tensorflow/*"))
    assert {path.name: path.read_text() for path in found} == {
        "libnccl.so.2": "libnccl.so.2",
        "libcudnn.so.8": "libcudnn.so.8",
    }


def test_an_environment_without_cuda_stays_as_it_is(tmp_path):
    site = site_packages(tmp_path)
    subprocess.run([LINK, tmp_path], check=True)
    assert list((site / "tensorflow").iterdir()) == []


def test_without_a_gpu_it_is_said_before_anything_is_installed(tmp_path):
    # Also inside of `make test`, whose own flags are not meant for this one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    command = ["make", "test-gpu", "GPU=", f"GPU_VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "test-gpu: there is no GPU here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_lock_has_the_versions_of_the_locks_that_it_joins():
    pins = {
        name: set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("tfx116-gpu-dev.txt", "tfx116-gpu.txt", "tfx116-dev.txt")
    }
    assert pins["tfx116-gpu-dev.txt"] == pins["tfx116-gpu.txt"] | pins["tfx116-dev.txt"]
