"""Runs a compiled pipeline (KFP IR YAML) here, every step in a container of its own.

Needs the environment of requirements/driver.txt. kfp.local was made for kfp's own components;
three of its functions are replaced so that TFX's run too, and a step that fails is seen.

    python local_kubeflow.py SPEC --pipeline-root FOLDER --parameters JSON_FILE
        [--parameter NAME=VALUE ...]
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from typing import Any

from kfp import components, local
from kfp.local import docker_task_handler, executor_input_utils

_construct_executor_input = executor_input_utils.construct_executor_input


class Steps:
    """What kfp.local calls instead of its own functions."""

    def __init__(self) -> None:
        self._running = ""

    def name(self, component_name: str) -> str:
        """The whole name: kfp takes off the `comp-` that TFX does not write."""
        self._running = component_name
        return component_name

    def executor_input(self, component_spec: Any, **arguments: Any) -> Any:
        """Inputs with the types that the step declares: kfp makes all a system.Artifact."""
        built = _construct_executor_input(component_spec=component_spec, **arguments)
        for name, declared in component_spec.input_definitions.artifacts.items():
            for artifact in built.inputs.artifacts[name].artifacts:
                artifact.type.CopyFrom(declared.artifact_type)
        return built

    def run_container(
        self, client: Any, image: str, command: list[str], volumes: Any, **arguments: Any
    ) -> int:
        """The container's exit status. kfp takes a container that is gone already for a success."""
        started = time.monotonic()
        container = client.containers.run(image, command, detach=True, volumes=volumes, **arguments)
        try:
            for line in container.logs(stream=True):
                print(line.decode(errors="replace"), end="")
            status = int(container.wait()["StatusCode"])
        finally:
            container.remove(force=True)
        seconds = time.monotonic() - started
        print(f"step {self._running} ended with status {status} after {seconds:.1f} s")
        return status


def main() -> None:
    """Runs all steps; raises RuntimeError, which names it, where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", type=pathlib.Path)
    parser.add_argument("--pipeline-root", required=True, type=pathlib.Path)
    parser.add_argument("--parameters", required=True, type=pathlib.Path)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    steps = Steps()
    executor_input_utils.get_local_task_resource_name = steps.name
    executor_input_utils.construct_executor_input = steps.executor_input
    docker_task_handler.run_docker_container = steps.run_container
    local.init(local.DockerRunner(), pipeline_root=str(arguments.pipeline_root))
    pipeline = components.load_component_from_file(str(arguments.spec))
    # Defaults of parameters are not honoured by kfp.local, and TFX's have none here.
    values = json.loads(arguments.parameters.read_text())
    values.update(parameter.split("=", 1) for parameter in arguments.parameter)
    pipeline(**values)


if __name__ == "__main__":
    sys.exit(main())
