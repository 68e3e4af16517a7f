"""The connection to ML Metadata of runs on this machine."""

from __future__ import annotations

import os

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from schemas.settings import SettingsError


def metadata_connection(
    config: MetadataConfig, locations: Locations
) -> metadata_store_pb2.ConnectionConfig:
    """Returns SQLite in the work folder, or the configured database.

    Raises:
      SettingsError: the environment variable of the database's password is not set.
    """
    mysql = config.mysql
    if mysql is None:
        return metadata.sqlite_metadata_connection_config(locations.metadata_path)
    password = os.environ.get(mysql.password_env)
    if password is None:
        raise SettingsError(
            f"metadata.mysql: the environment variable {mysql.password_env} is not set; it holds "
            f"the password of '{mysql.user}'"
        )
    return metadata.mysql_metadata_connection_config(
        mysql.host, mysql.port, mysql.database, mysql.user, password
    )
