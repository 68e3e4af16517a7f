"""Runs of a pipeline of two quick components, in a work folder."""

import dataclasses
import json
import pathlib

import pytest
from ml_metadata import metadata_store
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from cli.common.work_folder import make_run_directory
from components.model_settings.component import ModelSettings
from components.schema_import.component import SchemaImport
from pipeline.locations import Locations
from pipeline.run_record import RunRecord

SCHEMA = (pathlib.Path(__file__).parents[3] / "schemas/movielens/schema.pbtxt").read_text()


@dataclasses.dataclass(frozen=True)
class Work:
    """A work folder."""

    folder: pathlib.Path

    @property
    def locations(self):
        return Locations(str(self.folder), "shop")

    @property
    def connection(self):
        return metadata.sqlite_metadata_connection_config(self.locations.metadata_path)

    @property
    def store(self):
        return metadata_store.MetadataStore(self.connection)

    def run(self, digest, result=True):
        """Runs ModelSettings, always the same, and SchemaImport with a code digest of this run's.

        Returns the name of the run's folder, and component -> (outcome, output's folder).
        """
        directory = make_run_directory(self.locations.runs_dir)
        (directory / "run.log").write_text("a line\n" * 1000)
        settings = ModelSettings(
            model='{"name": "shared_bottom"}', max_epochs=1, code_digest="always the same"
        )
        schema = SchemaImport(schema_text=SCHEMA, code_digest=digest)
        LocalDagRunner().run(
            Pipeline(
                pipeline_name="shop",
                pipeline_root=self.locations.pipeline_root,
                components=[settings, schema],
                enable_cache=True,
                metadata_connection_config=self.connection,
            )
        )
        if result:
            (directory / "result.json").write_text(json.dumps({"status": "pushed"}))
        record = RunRecord(self.connection)
        ended = {
            x.name: (x.outcome, pathlib.Path(next(iter(x.outputs.values())).uri))
            for x in record.components(record.run_ids()[-1])
        }
        return directory.name, ended

    def files(self):
        """The files of artifacts, relative to the work folder."""
        root = pathlib.Path(self.locations.pipeline_root)
        return {x.relative_to(root).as_posix() for x in root.rglob("*") if x.is_file()}


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / "work")
