"""The signatures that a contract wants of a served model, and what a model has instead."""

from __future__ import annotations

from collections.abc import Mapping

from common.names import PREDICT, SERVING_DEFAULT
from schemas.contract import Contract
from serving.signatures import SignatureSpec, TensorSpec

_DTYPES = {"int": "int64", "float": "float32", "bytes": "string"}

Dtypes = Mapping[str, str]


def wanted_signatures(contract: Contract) -> dict[str, tuple[Dtypes, Dtypes]]:
    """Returns the dtypes of each signature's inputs and outputs, by name; all are [?].

    `serving_default` takes serialized tf.Examples, `predict` a tensor a serving feature; both
    give every output of the task graph.
    """
    columns = {column.graph_name: _DTYPES[column.type] for column in contract.serving_features}
    outputs = {output.name: "float32" for output in contract.tasks.outputs}
    return {SERVING_DEFAULT: ({"examples": "string"}, outputs), PREDICT: (columns, outputs)}


def signature_problems(
    contract: Contract, served: Mapping[str, SignatureSpec]
) -> dict[str, list[str]]:
    """Compares what is served with what the contract wants.

    Args:
      contract: the data contract.
      served: the model's signatures.

    Returns:
      One sentence a problem, by signature; an empty list where a signature is as wanted.
    """
    found: dict[str, list[str]] = {}
    for name, (inputs, outputs) in wanted_signatures(contract).items():
        spec = served.get(name)
        if spec is None:
            found[name] = [f"The model has no signature {name}."]
            continue
        found[name] = [
            *_problems(f"{name}: the input", inputs, spec.inputs),
            *_problems(f"{name}: the output", outputs, spec.outputs),
        ]
    return found


def _problems(what: str, wanted: Dtypes, got: Mapping[str, TensorSpec]) -> list[str]:
    problems = []
    for name, dtype in wanted.items():
        spec = got.get(name)
        if spec is None:
            problems.append(f"{what} {name} is missing; the contract wants {dtype} [?].")
        # Any number of rows must fit, so two that differ do.
        elif spec.dtype != dtype or not (spec.accepts((1,)) and spec.accepts((2,))):
            problems.append(
                f"{what} {name} is {spec.dtype} {spec.shape_text()}; "
                f"the contract wants {dtype} [?]."
            )
    problems += [
        f"{what} {name} is not in the contract." for name in sorted(set(got) - set(wanted))
    ]
    return problems
