"""What the stock Evaluator computes, derived from the contract."""

from __future__ import annotations

import json

from common.names import EVALUATION_TARGETS, SERVING_DEFAULT
from common.tfx_compat import tfma
from models.features.inputs import target_key, weight_key
from models.metrics.tfma.quality_metric import RankingQuality
from schemas.contract import Contract

CANDIDATE = "candidate"
BASELINE = "baseline"
SCORING_MODULE = "models.metrics.tfma.fixed_batches"
"""The Evaluator's `module_path`: how models score."""


def make_eval_config(contract: Contract) -> tfma.EvalConfig:
    """Builds the EvalConfig of candidate and baseline.

    Every output is measured with its own target and weight on all rows and on each value of
    the raw scenario column, where there is one. There are no thresholds: the verdict is
    PromotionGate's.

    Args:
      contract: the data contract.
    """
    outputs = [output.name for output in contract.tasks.outputs]
    candidate = tfma.ModelSpec(
        name=CANDIDATE,
        # Named, since TFMA would otherwise load the model a second time to guess it.
        model_type=tfma.TF_GENERIC,
        signature_name=SERVING_DEFAULT,
        preprocessing_function_names=[EVALUATION_TARGETS],
        label_keys={output: target_key(output) for output in outputs},
        example_weight_keys={output: weight_key(output) for output in outputs},
    )
    # Targets come from the candidate alone: both models are judged by today's contract.
    baseline = tfma.ModelSpec(
        name=BASELINE,
        is_baseline=True,
        model_type=tfma.TF_GENERIC,
        signature_name=SERVING_DEFAULT,
    )
    metric = tfma.MetricConfig(
        class_name=RankingQuality.__name__,
        module=RankingQuality.__module__,
        config=json.dumps({"user": contract.user_id.name if contract.user_id else None}),
    )
    slices = [tfma.SlicingSpec()]
    if contract.scenario is not None:
        slices.append(tfma.SlicingSpec(feature_keys=[contract.scenario.name]))
    return tfma.EvalConfig(
        model_specs=[candidate, baseline],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[metric], model_names=[CANDIDATE, BASELINE], output_names=outputs
            )
        ],
        slicing_specs=slices,
    )
