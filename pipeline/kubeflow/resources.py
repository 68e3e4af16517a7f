"""What components ask of a cluster: processors, memory, GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import pydantic

from common.settings import Settings, SettingsError
from common.suggestions import nearest

DEFAULT = "default"
_Positive = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]


class NodeResources(Settings):
    """Limits of a component's container; what is not named is the cluster's choice.

    Attributes:
      cpu: cores.
      memory_gb: gigabytes (1e9 bytes).
      gpus: number of GPUs.
      gpu_type: the cluster's name of the GPU: a resource such as `nvidia.com/gpu`, or on
        Vertex a type such as `NVIDIA_TESLA_T4`.
    """

    cpu: _Positive | None = None
    memory_gb: _Positive | None = None
    gpus: Annotated[int, pydantic.Field(ge=0)] = 0
    gpu_type: str = "nvidia.com/gpu"


def check_component_ids(resources: Mapping[str, NodeResources], known: Iterable[str]) -> None:
    """Refuses resources of components that the pipeline does not have.

    Raises:
      SettingsError: names the key and the nearest component.
    """
    names = [DEFAULT, *known]
    for key in resources:
        if key not in names:
            raise SettingsError(
                f"resources: this pipeline has no component '{key}'; {nearest(key, names)}"
            )


def resources_of(resources: Mapping[str, NodeResources], component_id: str) -> NodeResources:
    """Returns a component's own keys, and `default`'s for those that it does not name.

    Raises:
      SettingsError: it names a type of GPU and no number of them.
    """
    entries = (resources.get(key, NodeResources()) for key in (DEFAULT, component_id))
    found = NodeResources(
        **{key: x for entry in entries for key, x in entry.model_dump(exclude_unset=True).items()}
    )
    own = resources.get(component_id, NodeResources())
    if "gpu_type" in own.model_fields_set and not found.gpus:
        raise SettingsError(
            f"resources: '{component_id}' names a gpu_type and no number of GPUs; set gpus: 1"
        )
    return found
