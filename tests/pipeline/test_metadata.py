"""ML Metadata in SQLite, and in a real database server."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from ml_metadata.proto import metadata_store_pb2
from ports import free_ports, wait_for_port
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from common.errors import PolyrankError
from common.settings import SettingsError, parse
from components.schema_import.component import SchemaImport
from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.metadata import metadata_connection, open_record
from pipeline.run_record import RunRecord
from schemas.contract import load_schema_text

PASSWORD = "it's secret"
_PATH = f"{os.environ['PATH']}:/usr/sbin"
_USER = "mysql"


@contextlib.contextmanager
def _server(folder: pathlib.Path):
    """A server on a port of its own, which ends with the test; yields the port."""
    as_user = [f"--user={_USER}"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, _USER)
    start = folder / "start.sql"
    start.write_text(
        "CREATE DATABASE shop;\n"
        "CREATE USER 'trainer'@'127.0.0.1' IDENTIFIED BY 'it''s secret';\n"
        "GRANT ALL ON shop.* TO 'trainer'@'127.0.0.1';\n"
    )
    data = f"--datadir={folder / 'data'}"
    install, server = (shutil.which(x, path=_PATH) for x in ("mariadb-install-db", "mariadbd"))
    subprocess.run([install, "--no-defaults", data, *as_user], check=True, capture_output=True)
    (port,) = free_ports(1)
    words = ["--no-defaults", data, f"--port={port}", "--bind-address=127.0.0.1"]
    words += [f"--socket={folder / 'socket'}", f"--init-file={start}", *as_user]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([server, *words], stdout=log, stderr=log)
    try:
        wait_for_port(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def mysql(monkeypatch):
    """The configuration of a running server."""
    if shutil.which("mariadbd", path=_PATH) is None:
        pytest.skip("no MySQL server is installed: apt-get install mariadb-server")
    monkeypatch.setenv("POLYRANK_MYSQL_PASSWORD", PASSWORD)
    with tempfile.TemporaryDirectory() as folder, _server(pathlib.Path(folder)) as port:
        values = {"host": "127.0.0.1", "port": port, "database": "shop", "user": "trainer"}
        yield parse(MetadataConfig, {"mysql": values})


@pytest.mark.e2e
def test_runs_and_their_cache_are_kept_in_mysql(mysql, tmp_path):
    locations = Locations(str(tmp_path), "shop")
    text = load_schema_text("schemas/synthetic/schema.pbtxt")
    connection = metadata_connection(mysql, locations)
    outcomes = []
    for _ in range(2):
        LocalDagRunner().run(
            Pipeline(
                pipeline_name="shop",
                pipeline_root=locations.pipeline_root,
                components=[SchemaImport(schema_text=text, code_digest="1")],
                enable_cache=True,
                metadata_connection_config=connection,
            )
        )
        record = RunRecord(connection)
        (component,) = record.components(record.run_ids()[-1])
        outcomes.append(component.outcome)
    assert outcomes == ["done", "cached"] and len(record.run_ids()) == 2
    # Nothing below the work folder knows the password, or keeps metadata beside the server.
    files = [x for x in tmp_path.rglob("*") if x.is_file()]
    assert files and all(PASSWORD.encode() not in x.read_bytes() for x in files)
    assert not pathlib.Path(locations.metadata_path).exists()


def test_a_database_that_does_not_answer_is_named(monkeypatch, tmp_path):
    (port,) = free_ports(1)
    mysql = {"host": "127.0.0.1", "port": port, "user": "trainer", "password_env": "SHOP_PASSWORD"}
    monkeypatch.setenv("SHOP_PASSWORD", "secret")
    with pytest.raises(PolyrankError) as error:
        open_record(parse(MetadataConfig, {"mysql": mysql}), Locations(str(tmp_path), "shop"))
    assert f"'polyrank' at 127.0.0.1:{port} can't be opened as 'trainer': " in str(error.value)
    assert "secret" not in str(error.value)


def test_sqlite_in_the_work_folder_unless_configured(tmp_path):
    found = metadata_connection(MetadataConfig(), Locations(str(tmp_path), "shop"))
    assert found.sqlite.filename_uri == f"{tmp_path}/metadata.sqlite"


def test_a_database_is_named_and_its_password_comes_from_the_environment(monkeypatch, tmp_path):
    locations = Locations(str(tmp_path), "shop")
    values = {"mysql": {"host": "db", "user": "trainer", "password_env": "SHOP_PASSWORD"}}
    config = parse(MetadataConfig, values)
    monkeypatch.setenv("SHOP_PASSWORD", "s")
    assert metadata_connection(config, locations).mysql == metadata_store_pb2.MySQLDatabaseConfig(
        host="db", port=3306, database="polyrank", user="trainer", password="s"
    )
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(SettingsError, match="SHOP_PASSWORD is not set; it holds the password of"):
        metadata_connection(config, locations)
    with pytest.raises(SettingsError, match="'mysql.pasword_env'; did you mean 'password_env'?"):
        parse(MetadataConfig, {"mysql": {**values["mysql"], "pasword_env": "X"}})
