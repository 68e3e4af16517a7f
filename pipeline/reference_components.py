"""The simple models, and the candidate's comparison with them."""

from __future__ import annotations

from typing import NamedTuple

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import channel

from components.reference_comparison.component import ReferenceComparison
from components.reference_models.component import ReferenceModels
from pipeline.config import PipelineConfig


class ReferenceComponents(NamedTuple):
    """What the configuration wants of them.

    Attributes:
      components: in an order in which they can run; empty without references.
      comparison: what PromotionGate judges by; None where nothing is compared.
    """

    components: tuple[BaseComponent, ...]
    comparison: channel.BaseChannel | None


def reference_components(
    config: PipelineConfig,
    *,
    examples: channel.BaseChannel,
    transform_graph: channel.BaseChannel,
    schema: channel.BaseChannel,
    model: channel.BaseChannel,
    code_digest: str,
) -> ReferenceComponents:
    """Builds them.

    Args:
      config: of the run.
      examples: ImpressionExampleGen's.
      transform_graph: Transform's.
      schema: the data contract.
      model: the candidate.
      code_digest: digest of our source.
    """
    if not config.references.enabled:
        return ReferenceComponents((), None)
    models = ReferenceModels(
        examples=examples,
        transform_graph=transform_graph,
        schema=schema,
        max_rows=config.references.max_rows,
        code_digest=code_digest,
    )
    if config.gate.beats_references == "off":
        return ReferenceComponents((models,), None)
    comparison = ReferenceComparison(
        examples=examples,
        model=model,
        references=models.outputs["references"],
        schema=schema,
        max_rows=config.references.max_rows,
        code_digest=code_digest,
    )
    return ReferenceComponents((models, comparison), comparison.outputs["comparison"])
