"""The configuration of a run: what a YAML file may say, typed and frozen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic

from common.settings import Settings, SettingsError
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from components.leak_alarm.config import LeaksConfig
from components.model_canary.config import CanaryConfig
from components.promotion_gate.config import GateConfig
from components.span_window.config import WindowConfig
from models.config import ModelConfig, TrainingConfig
from models.registry import check_epochs, parse_model_config
from pipeline.kubeflow.resources import NodeResources
from pipeline.retention.config import RetentionConfig


class DataConfig(Settings):
    """Where the logged impressions and their contract are.

    Attributes:
      path: folder of `span=YYYY-MM-DD` folders; any path that TFX's fileio knows.
      schema_path: the tagged schema (schema.pbtxt).
      adapter: the adapter that makes the spans where `path` has none (`polyrank data`).
      adapter_options: the adapter's own options.
    """

    path: str | None = None
    schema_path: str
    adapter: str | None = None
    adapter_options: dict[str, Any] = {}


class ExamplesConfig(Settings):
    """How examples are written.

    Attributes:
      shards: files a split.
      compression_level: gzip level, 1 (fast) to 9 (small).
    """

    shards: int = pydantic.Field(default=2, ge=1)
    compression_level: int = pydantic.Field(default=1, ge=1, le=9)


class ReferencesConfig(Settings):
    """The simple models shown next to the candidate.

    Attributes:
      enabled: whether to fit them.
      max_rows: a split of more rows is thinned evenly to about so many.
    """

    enabled: bool = True
    max_rows: int = pydantic.Field(default=500_000, ge=1)


class MySQLConfig(Settings):
    """A MySQL or MariaDB database, which exists; ML Metadata makes its tables.

    Attributes:
      host: name or address.
      port: of the server.
      database: its name.
      user: who may make tables in it.
      password_env: the environment variable that holds the user's password. The password itself
        is in no file and in no artifact.
    """

    host: str
    port: int = pydantic.Field(default=3306, ge=1, le=65_535)
    database: str = "polyrank"
    user: str
    password_env: str = "POLYRANK_MYSQL_PASSWORD"


class MetadataConfig(Settings):
    """Where ML Metadata is kept.

    Attributes:
      mysql: a database that several machines can use; None for SQLite in the work folder.
    """

    mysql: MySQLConfig | None = None


class PipelineConfig(Settings):
    """Everything that a run is made from.

    Attributes:
      name: of the pipeline and of the served model: `[a-z0-9][a-z0-9-]*`, as Kubeflow asks.
      baseline: `required`: a run ends before it trains where a version has been pushed and can't be
        loaded. `optional`: the run goes on, and its candidate is compared with nothing.
      retention: what local runs keep of older runs and versions; everything by default.
      beam_pipeline_args: passed to every Beam component. With any, TFX packs its own source for
        the workers before each of them, unless `--setup_file` is among them.
      resources: of components' containers on a cluster, by component id; `default` holds the
        keys that a component does not name itself. Local runs have what the machine has.
      metadata: where ML Metadata is kept by local runs; Kubeflow has its own.
    """

    name: str = pydantic.Field(default="polyrank", pattern=r"^[a-z0-9][a-z0-9-]{0,127}$")
    data: DataConfig
    window: WindowConfig = WindowConfig()
    split: SplitConfig = SplitConfig()
    sampling: SamplingConfig = SamplingConfig()
    examples: ExamplesConfig = ExamplesConfig()
    model: Annotated[
        pydantic.SerializeAsAny[ModelConfig], pydantic.BeforeValidator(parse_model_config)
    ]
    training: TrainingConfig = TrainingConfig()
    leaks: LeaksConfig = LeaksConfig()
    gate: GateConfig = GateConfig()
    canary: CanaryConfig = CanaryConfig()
    references: ReferencesConfig = ReferencesConfig()
    baseline: Literal["required", "optional"] = "required"
    retention: RetentionConfig = RetentionConfig()
    beam_pipeline_args: tuple[str, ...] = ()
    resources: dict[str, NodeResources] = {}
    metadata: MetadataConfig = MetadataConfig()

    @pydantic.model_validator(mode="after")
    def _every_phase_has_an_epoch(self) -> PipelineConfig:
        check_epochs(self.model, self.training.max_epochs)
        return self

    @pydantic.model_validator(mode="after")
    def _refuses_by_what_there_is(self) -> PipelineConfig:
        if self.gate.beats_references == "refuse" and not self.references.enabled:
            raise SettingsError(
                "gate.beats_references is 'refuse' and references.enabled is false, so there would "
                "be nothing to compare with; enable the references, or write 'warn' or 'off'"
            )
        return self
