"""The pipeline: one DAG for every runner.

No resolver and no custom driver: open-source Kubeflow refuses both. What looks at the
outside world (spans, files, the registry) is an ordinary component with a state token.
TFX's parts are imported one by one: `tfx.v1` brings Google Cloud's clients, eleven seconds
at the start of every command.
"""

from __future__ import annotations

import hashlib

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2

from common.names import EVAL, TRAIN, VALIDATION
from common.source_digest import code_digest
from common.tfx_compat import Evaluator, Trainer, beam_arguments
from components.atomic_pusher.component import AtomicPusher
from components.baseline.component import Baseline
from components.bayes_check.component import BayesCheck
from components.model_canary.component import ModelCanary
from components.model_settings.component import ModelSettings
from components.promotion_gate.component import PromotionGate
from components.register_pushed.component import RegisterPushed
from components.register_pushed.run_info import RunInfo
from models.metrics.tfma.eval_config import SCORING_MODULE, make_eval_config
from models.registry import with_own_source
from pipeline.config import PipelineConfig
from pipeline.feature_components import feature_components
from pipeline.kubeflow.resources import check_component_ids
from pipeline.locations import Locations
from pipeline.reference_components import reference_components
from pipeline.run_parameters import RunParameters
from pipeline.state import RunState
from schemas.contract import parse_schema, read_contract


def create_pipeline(
    config: PipelineConfig,
    locations: Locations,
    state: RunState,
    parameters: RunParameters,
    *,
    schema_text: str,
    enable_cache: bool = True,
    metadata_connection_config: metadata_store_pb2.ConnectionConfig | None = None,
) -> Pipeline:
    """Builds the DAG from logged impressions to a registered, pushed model.

    Args:
      config: what to train, on what, and what it must prove.
      locations: where artifacts, registry and served versions are.
      state: tokens of the outside world.
      parameters: the data, the window and the model.
      schema_text: the tagged schema, in text format.
      enable_cache: whether components with unchanged inputs are skipped.
      metadata_connection_config: of ML Metadata; None where the runner has its own.

    Raises:
      ContractError: the schema can't be used.
      SettingsError: `leaks` or `resources` name what is not there.
    """
    digest = code_digest()
    # An edit of the user's own architecture leaves data and features in the cache.
    model_digest = with_own_source(digest, config.model.name)
    contract = read_contract(parse_schema(schema_text))

    model_settings = ModelSettings(
        model=parameters.model, max_epochs=config.training.max_epochs, code_digest=model_digest
    )
    features = feature_components(
        config, state, parameters, schema_text=schema_text, code_digest=digest
    )
    # A wrong model is refused before anything works on the data.
    features.window.add_upstream_node(model_settings)
    schema, transform = features.schema, features.transform
    examples = features.example_gen.outputs["examples"]
    schema_digest = hashlib.sha256(schema_text.encode()).hexdigest()
    run_info = RunInfo(schema_digest=schema_digest, scenarios=contract.scenarios)
    baseline = Baseline(
        schema=schema.outputs["schema"],
        registry_path=locations.registry_path,
        run_fingerprint=state.fingerprint,
        state_token=state.registry,
        schema_digest=schema_digest,
        required=config.baseline == "required",
        code_digest=digest,
    )
    trainer = Trainer(
        run_fn="models.training.run_fn.run_fn",
        examples=examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        hyperparameters=model_settings.outputs["hyperparameters"],
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=[VALIDATION]),
        custom_config={
            "training": config.training.model_dump(mode="json"),
            "checkpoint_dir": locations.checkpoint_dir,
            "model_name": config.name,
            "canary_rows": config.canary.rows,
            "code_digest": model_digest,
        },
    )
    # Where nothing may be pushed, nothing need be trained.
    trainer.add_upstream_node(baseline)
    model = trainer.outputs["model"]
    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline.outputs["model"],
        schema=schema.outputs["schema"],
        example_splits=[EVAL],
        eval_config=make_eval_config(contract),
        module_path=SCORING_MODULE,
    )
    references = reference_components(
        config,
        examples=examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        model=model,
        code_digest=digest,
    )
    gate = PromotionGate(
        evaluation=evaluator.outputs["evaluation"],
        baseline_model=baseline.outputs["model"],
        schema=schema.outputs["schema"],
        gate=config.gate,
        code_digest=digest,
        comparison=references.comparison,
    )
    canary = ModelCanary(
        model=model,
        model_run=trainer.outputs["model_run"],
        blessing=gate.outputs["blessing"],
        baseline_model=baseline.outputs["model"],
        schema=schema.outputs["schema"],
        canary=config.canary,
        state_token=state.canary,
        code_digest=digest,
    )
    pusher = AtomicPusher(
        model=model,
        model_blessing=gate.outputs["blessing"],
        infra_blessing=canary.outputs["infra_blessing"],
        baseline_model=baseline.outputs["model"],
        serving_dir=locations.serving_dir,
        registry_path=locations.registry_path,
        run_info=run_info,
        code_digest=digest,
    ).with_id("Pusher")
    register = RegisterPushed(
        pushed_model=pusher.outputs["pushed_model"],
        model=model,
        hyperparameters=model_settings.outputs["hyperparameters"],
        gate=gate.outputs["gate"],
        blessing=gate.outputs["blessing"],
        window=features.window.outputs["window"],
        registry_path=locations.registry_path,
        run_fingerprint=state.fingerprint,
        run_info=run_info,
        code_digest=digest,
    )
    components = [
        model_settings,
        *features,
        baseline,
        trainer,
        evaluator,
        *references.components,
        gate,
        canary,
        pusher,
        register,
    ]
    if contract.truths:
        bayes_check = BayesCheck(
            examples=examples,
            model=model,
            schema=schema.outputs["schema"],
            leaks=config.leaks,
            code_digest=digest,
        )
        gate.add_upstream_node(bayes_check)
        components.append(bayes_check)
    check_component_ids(config.resources, [component.id for component in components])
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=locations.pipeline_root,
        components=components,
        enable_cache=enable_cache,
        metadata_connection_config=metadata_connection_config,
        beam_pipeline_args=beam_arguments(config.beam_pipeline_args),
    )
