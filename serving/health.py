"""`python -m serving.health`: whether a model server answers; what containers check.

It asks TF Serving's GetModelStatus without TensorFlow itself, whose import costs more seconds
than a check may take.
"""

from __future__ import annotations

import importlib.util
import sys
import types

import click
import grpc


def _messages_only() -> None:
    """Lets TensorFlow's generated messages be imported, and nothing of what is around them."""
    if "tensorflow" not in sys.modules:
        found = importlib.util.find_spec("tensorflow")
        if found is None or found.submodule_search_locations is None:
            raise click.ClickException("TensorFlow is not installed: install a whole lock")
        package = types.ModuleType("tensorflow")
        package.__path__ = list(found.submodule_search_locations)
        sys.modules["tensorflow"] = package


@click.command()
@click.option("--target", default="localhost:8500", show_default=True, help="The server.")
@click.option("--model-name", default="polyrank", show_default=True)
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait.")
def main(target: str, model_name: str, timeout: float) -> None:
    """Ends with status 0 where a version of the model is available, with 1 where none is."""
    _messages_only()
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model_name
    try:
        with grpc.insecure_channel(target) as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            response = stub.GetModelStatus(request, timeout=timeout)
    except grpc.RpcError as error:
        raise click.ClickException(f"{target}: {error.code().name}: {error.details()}") from None
    state = get_model_status_pb2.ModelVersionStatus.State
    states = {item.version: state.Name(item.state) for item in response.model_version_status}
    said = ", ".join(f"version {version} is {name}" for version, name in sorted(states.items()))
    if "AVAILABLE" not in states.values():
        raise click.ClickException(f"{target}: no version of '{model_name}' is available ({said})")
    click.echo(said)


if __name__ == "__main__":
    main()
