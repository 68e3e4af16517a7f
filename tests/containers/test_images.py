"""The images' files, as far as they can be held together without an engine."""

import http.server
import importlib.util
import pathlib
import re
import stat
import subprocess
import threading

import pytest
import yaml
from google.protobuf import descriptor_pb2, message_factory, text_format, wrappers_pb2
from tensorflow_serving.config import model_server_config_pb2

from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from serving.environment import SERVER_ENVIRONMENT
from serving.limits import Limits

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
IMAGES = (DOCKER / "images.sh").read_text()


def stages() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Stage -> what it starts from, and its instructions."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for line in re.sub(r"\\\n", " ", DOCKERFILE).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = (base, [])
        elif found and instruction and instruction != "#":
            found[list(found)[-1]][1].append((instruction, rest.strip()))
    return found


def inherited(name: str) -> list[tuple[str, str]]:
    """All instructions of an image, those of the stages below it first."""
    base, own = stages()[name]
    return (inherited(base) if base in stages() else []) + own


def compose() -> dict:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def locked(lock: str, package: str) -> str:
    text = (ROOT / "requirements" / lock).read_text()
    return re.search(rf"^{package}==(\S+)", text, re.MULTILINE)[1]


@pytest.mark.parametrize("image", ["pipeline", "pipeline-gpu", "model-server"])
def test_an_image_runs_as_no_root_and_holds_nothing_of_the_builder(image):
    instructions = inherited(image)
    assert [rest for what, rest in instructions if what == "USER"][-1] == "10001:10001"
    copies = [rest.split() for what, rest in instructions if what == "COPY"]
    assert copies == [
        ["--from=builder", "/opt/venv", "/opt/venv"],
        ["--from=application", "/opt/app", "/opt/app"],
    ]
    assert not any("apt-get" in rest or " pip " in rest for _, rest in instructions)


def test_the_pipelines_image_leaves_the_command_to_kubeflow_and_the_servers_is_checked():
    pipeline = dict(inherited("pipeline"))
    assert "ENTRYPOINT" not in pipeline and pipeline["ENV"] == "TF_USE_LEGACY_KERAS=1"
    assert "python -m serving.health" in dict(inherited("model-server"))["HEALTHCHECK"]


def test_every_package_and_lock_is_let_into_the_build():
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    setup = (ROOT / "setup.py").read_text()
    packages = re.findall(r'"(\w+)"', re.search(r"PACKAGES = \((.*?)\)", setup, re.DOTALL)[1])
    requirements = {"requirements/*.txt", "requirements/link-cuda.sh"}
    assert kept == {*packages, *requirements, "setup.py", "pyproject.toml"}
    built = dict(re.findall(r"build (\S+) (?:\S+) (\S+) ;;", IMAGES))
    assert built == {"pipeline": "tfx116", "pipeline-gpu": "tfx116-gpu", "model-server": "serving"}
    for lock in built.values():
        assert "--hash=sha256:" in (ROOT / "requirements" / f"{lock}.txt").read_text()


def test_the_versions_that_several_files_name_are_the_same():
    uv = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert f"ARG UV_VERSION={uv}\n" in DOCKERFILE
    tensorflow = locked("tfx116.txt", "tensorflow")
    assert locked("serving.txt", "tensorflow-cpu") == tensorflow
    assert locked("tfx116-gpu.txt", "tensorflow") == tensorflow
    assert locked("tfx116-gpu.txt", "nvidia-cudnn-cu12").startswith("8.9.")  # What 2.16 wants.
    assert locked("serving.txt", "tensorflow-serving-api") == "2.16.1"
    assert compose()["services"]["serving"]["image"] == "tensorflow/serving:2.16.1"


def test_tensorboard_finds_what_it_starts_with():
    assert compose()["services"]["tensorboard"]["command"][0] == "tensorboard"
    assert importlib.util.find_spec("pkg_resources") is not None


def test_compose_names_what_is_there():
    services = compose()["services"]
    build = services["pipeline"]["build"]
    assert build["target"] in stages()
    assert (DOCKER / build["context"] / build["dockerfile"]).samefile(DOCKER / "Dockerfile")
    assert all("healthcheck" in services[name] for name in ("serving", "tensorboard"))
    files = [flag.partition("=")[2] for flag in services["serving"]["command"] if "/etc/" in flag]
    assert [pathlib.PurePath(file).parent.as_posix() for file in files] == ["/etc/polyrank"] * 3
    assert all((DOCKER / "serving" / pathlib.PurePath(file).name).is_file() for file in files)
    assert "./serving:/etc/polyrank:ro" in services["serving"]["volumes"]


def test_every_container_has_a_memory_limit_that_can_be_set():
    for name, service in compose()["services"].items():
        assert re.fullmatch(rf"\$\{{{name.upper()}_MEMORY:-\d+g\}}", service["mem_limit"])


def test_tf_serving_watches_the_folder_that_the_pipeline_pushes_to():
    config = text_format.Parse(
        (DOCKER / "serving" / "models.config").read_text(),
        model_server_config_pb2.ModelServerConfig(),
    )
    (model,) = config.model_config_list.config
    command = compose()["services"]["pipeline"]["command"]
    work_dir = command[command.index("--work-dir") + 1]
    name = PipelineConfig.model_fields["name"].default
    assert model.name == name
    assert model.base_path == Locations(work_dir, name).serving_dir
    assert f"work:{work_dir}:ro" in compose()["services"]["serving"]["volumes"]


def tf_serving_message(name: str):
    """A message of TF Serving that its Python package lacks, by the names of its fields."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="tf_serving_files.proto",
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )
    batching = file.message_type.add(name="BatchingParameters")
    wrapped = {
        "max_batch_size": "Int64Value",
        "batch_timeout_micros": "Int64Value",
        "max_enqueued_batches": "Int64Value",
        "num_batch_threads": "Int64Value",
        "max_execution_batch_size": "Int64Value",
        "enable_large_batch_splitting": "BoolValue",
    }
    for number, (field, kind) in enumerate(wrapped.items(), start=10):
        batching.field.add(
            name=field, number=number, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_OPTIONAL,
            type_name=f".google.protobuf.{kind}",
        )  # fmt: skip
    batching.field.add(
        name="allowed_batch_sizes", number=6, type=kinds.TYPE_INT64, label=kinds.LABEL_REPEATED
    )
    prometheus = file.message_type.add(name="PrometheusConfig")
    prometheus.field.add(name="enable", number=1, type=kinds.TYPE_BOOL, label=kinds.LABEL_OPTIONAL)
    prometheus.field.add(name="path", number=2, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    file.message_type.add(name="MonitoringConfig").field.add(
        name="prometheus_config", number=1, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_OPTIONAL,
        type_name=".PrometheusConfig",
    )  # fmt: skip
    wrappers = descriptor_pb2.FileDescriptorProto.FromString(wrappers_pb2.DESCRIPTOR.serialized_pb)
    return message_factory.GetMessages([wrappers, file])[name]()


def batching_parameters():
    return text_format.Parse(
        (DOCKER / "serving" / "batching.config").read_text(),
        tf_serving_message("BatchingParameters"),
    )


def calls(batching, rows: int, waiting: int = 0) -> list[int] | None:
    """The rows that a list adds to calls of the model, with padding, by TF Serving's rules.

    None where the list is refused. `waiting` rows of others are in the batch that is open.
    """
    if rows > batching.max_batch_size.value:
        return None
    if not batching.enable_large_batch_splitting.value:
        sizes = [rows]
    else:
        largest = batching.max_execution_batch_size.value
        first = min(rows, largest - waiting)
        full, rest = divmod(rows - first, largest)
        sizes = [size for size in (first, *[largest] * full, rest) if size]
    allowed = list(batching.allowed_batch_sizes)
    return [next((a for a in allowed if a >= size), size) for size in sizes]


def test_lists_of_all_lengths_are_taken_and_none_is_padded():
    batching = batching_parameters()
    assert batching.max_execution_batch_size.value <= batching.max_batch_size.value
    sizes = list(batching.allowed_batch_sizes)
    # TF Serving does not start where the last of them is another.
    assert not sizes or sizes[-1] == batching.max_execution_batch_size.value
    assert [calls(batching, rows) for rows in (1, 128, 500, 1024)] == [[1], [128], [500], [1024]]
    assert calls(batching, 1025) == [1024, 1]
    assert calls(batching, 2000, waiting=1000) == [24, 1024, 952]
    for rows in range(1, 2001):
        made = calls(batching, rows)
        assert sum(made) == rows and max(made) <= 1024


def test_tf_serving_takes_lists_as_long_as_our_model_server_does():
    batching, rows = batching_parameters(), Limits().rows
    assert calls(batching, rows) == [1024] * 16
    assert calls(batching, rows + 1) is None


def test_a_call_runs_in_one_thread_without_onednn():
    serving = compose()["services"]["serving"]
    assert "--tensorflow_intra_op_parallelism=1" in serving["command"]
    assert "--tensorflow_inter_op_parallelism=-1" in serving["command"]
    assert serving["environment"] == SERVER_ENVIRONMENT
    (name, value), *others = SERVER_ENVIRONMENT.items()
    assert not others
    assert any(
        instruction == "ENV" and f"{name}={value}" in rest.split()
        for instruction, rest in inherited("model-server")
    )


def test_monitoring_parses():
    monitoring = text_format.Parse(
        (DOCKER / "serving" / "monitoring.config").read_text(),
        tf_serving_message("MonitoringConfig"),
    )
    assert monitoring.prometheus_config.enable


def program(path: pathlib.Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (None, "images: no '{client}' found; install a docker engine"),
        ("echo Cannot connect >&2; exit 1", "images: no docker engine answers; start one"),
        ("case $1 in info) ;; buildx) exit 1 ;; *) echo 28.2.2 ;; esac", "28.2.2 has no buildx"),
    ],
)
def test_make_images_says_what_is_missing(client, said, tmp_path):
    path = str(tmp_path / "docker") if client is None else program(tmp_path / "docker", client)
    done = subprocess.run(
        [str(DOCKER / "images.sh")], env={"PATH": "/usr/bin:/bin", "DOCKER": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert said.format(client=path) in done.stderr


class Status(http.server.BaseHTTPRequestHandler):
    """TF Serving's REST answer to GET /v1/models/polyrank."""

    state = ""

    def do_GET(self):  # noqa: N802
        self.send_response(200 if self.path == "/v1/models/polyrank" else 404)
        self.end_headers()
        if self.path == "/v1/models/polyrank":
            self.wfile.write(f'{{"model_version_status": [{{"state": "{self.state}"}}]}}'.encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.mark.parametrize(("state", "status"), [("AVAILABLE", 0), ("LOADING", 1)])
def test_the_check_of_tf_serving_asks_for_an_available_version(state, status):
    kind, *check = compose()["services"]["serving"]["healthcheck"]["test"]
    assert kind == "CMD"
    handler = type("Handler", (Status,), {"state": state})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [part.replace("8501", str(server.server_port)) for part in check]
        assert subprocess.run(command, timeout=20).returncode == status
        server.shutdown()
