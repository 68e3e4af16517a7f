"""What differs between the two stacks: TFX 1.16 on Python 3.10 and TFX 1.21 on Python 3.13.

    from common.tfx_compat import Evaluator, tfma

imports what is named when it is named, so that who asks for nothing waits for nothing. The
differences, and how each is met, are listed in docs/stacks.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from common.errors import PolyrankError

_STOCK_COMPONENTS = {
    "Evaluator": "evaluator",
    "ExampleValidator": "example_validator",
    "StatisticsGen": "statistics_gen",
    "Trainer": "trainer",
    "Transform": "transform",
}
_LIBRARIES = {
    "metric_types": "tensorflow_model_analysis.metrics.metric_types",
    "tfdv": "tensorflow_data_validation",
    "tfma": "tensorflow_model_analysis",
}
_NAMES_PACKAGES = (
    "--extra_package",
    "--requirements_file",
    "--sdk_container_image",
    "--setup_file",
)


class StackError(PolyrankError):
    """A part of TFX can't be used in this environment."""


def __getattr__(name: str) -> Any:
    """Imports a stock component of TFX, `tfma`, `tfdv` or `metric_types`.

    Raises:
      StackError: it can't be imported, or TFX has None in its place.
    """
    if name not in _STOCK_COMPONENTS and name not in _LIBRARIES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    try:
        # First, always: TFDV of the new stack alone refuses protobuf's version, and TFMA alone
        # lacks EvalConfig.
        components = importlib.import_module("tfx.components")
        if name in _LIBRARIES:
            return importlib.import_module(_LIBRARIES[name])
        component = getattr(components, name)
        if component is None:
            # TFX 1.21 catches the error of a component's own import; it is raised again here.
            importlib.import_module(f"tfx.components.{_STOCK_COMPONENTS[name]}.component")
            raise ImportError(f"tfx.components.{name} is None")
    except ImportError as error:
        raise StackError(
            f"TFX's {name} can't be imported ({error}); this environment is not complete: "
            "install all of one lock of requirements/"
        ) from error
    return component


def beam_arguments(given: Sequence[str]) -> list[str]:
    """Returns the arguments of Beam pipelines: as `given`, on the in-process runner by default.

    DirectRunner of Beam 2.72 and later first downloads another runner, and runs pipelines on it.

    Args:
      given: the configured arguments; a `--runner` among them is kept.
    """
    from apache_beam.options.pipeline_options import StandardOptions

    names = {argument.partition("=")[0] for argument in given}
    if "FnApiRunner" not in StandardOptions.KNOWN_RUNNER_NAMES or "--runner" in names:
        return list(given)
    # Without any package among its arguments TFX would build one before each component; this
    # runner never opens what is named.
    package = [] if names.intersection(_NAMES_PACKAGES) else ["--setup_file=setup.py"]
    return [*given, "--runner=FnApiRunner", *package]
