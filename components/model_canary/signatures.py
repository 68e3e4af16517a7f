"""The signatures that a contract wants of a served model, and what a model has instead."""

from __future__ import annotations

from collections.abc import Mapping

from common.names import PREDICT, SERVING_DEFAULT
from models.features.parsing import request_spec
from schemas.contract import Contract
from serving.signatures import SignatureSpec, TensorSpec

Tensors = Mapping[str, TensorSpec]


def wanted_signatures(contract: Contract) -> dict[str, SignatureSpec]:
    """Returns each signature's inputs and outputs; their graph tensors are unknown.

    `serving_default` takes serialized tf.Examples [?], `predict` the tensors of `request_spec`:
    one [?] a serving feature, lists [?, L] with their lengths [?]; both give every output of the
    task graph, [?].
    """
    columns = {
        name: TensorSpec(spec.dtype.name, tuple(spec.shape), "")
        for name, spec in request_spec(contract).items()
    }
    examples = {"examples": TensorSpec("string", (None,), "")}
    outputs = {x.name: TensorSpec("float32", (None,), "") for x in contract.tasks.outputs}
    return {
        SERVING_DEFAULT: SignatureSpec(examples, outputs),
        PREDICT: SignatureSpec(columns, outputs),
    }


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
    for name, wanted in wanted_signatures(contract).items():
        spec = served.get(name)
        if spec is None:
            found[name] = [f"The model has no signature {name}."]
            continue
        found[name] = [
            *_problems(f"{name}: the input", wanted.inputs, spec.inputs),
            *_problems(f"{name}: the output", wanted.outputs, spec.outputs),
        ]
    return found


def _problems(what: str, wanted: Tensors, got: Tensors) -> list[str]:
    problems = []
    for name, tensor in wanted.items():
        text = f"the contract wants {tensor.dtype} {tensor.shape_text()}"
        spec = got.get(name)
        if spec is None:
            problems.append(f"{what} {name} is missing; {text}.")
            continue
        assert tensor.shape is not None
        # Any number of rows must fit, so two that differ do.
        fits = all(
            spec.accepts(tuple(rows if size is None else size for size in tensor.shape))
            for rows in (1, 2)
        )
        if spec.dtype != tensor.dtype or not fits:
            problems.append(f"{what} {name} is {spec.dtype} {spec.shape_text()}; {text}.")
    problems += [
        f"{what} {name} is not in the contract." for name in sorted(set(got) - set(wanted))
    ]
    return problems
