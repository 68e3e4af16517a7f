"""The connection to ML Metadata of runs on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from ml_metadata import errors
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from common.errors import PolyrankError
from common.settings import SettingsError
from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.metadata_file import check_metadata_file, what_may_be_deleted
from pipeline.run_record import RunRecord

T = TypeVar("T")


def metadata_connection(
    config: MetadataConfig, locations: Locations
) -> metadata_store_pb2.ConnectionConfig:
    """Returns SQLite in the work folder, or the configured database.

    Raises:
      MetadataFileError: the SQLite file can't be used; says what may be deleted.
      SettingsError: the environment variable of the database's password is not set.
    """
    mysql = config.mysql
    if mysql is None:
        check_metadata_file(locations)
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


def open_record(config: MetadataConfig, locations: Locations) -> RunRecord:
    """Opens the record of the runs in ML Metadata; see `open_with`."""
    return open_with(RunRecord, config, locations)


def open_with(
    opened: Callable[[metadata_store_pb2.ConnectionConfig], T],
    config: MetadataConfig,
    locations: Locations,
) -> T:
    """Opens ML Metadata.

    Args:
      opened: makes what is returned of the connection, such as `MetadataStore`.
      config: where it is.
      locations: of the work folder.

    Raises:
      PolyrankError: the database does not answer; says which.
      SettingsError: the environment variable of its password is not set.
    """
    connection = metadata_connection(config, locations)
    try:
        return opened(connection)
    # What a database that does not answer raises depends on where it fails.
    except (RuntimeError, errors.StatusError) as error:
        mysql = config.mysql
        if mysql is None:
            # Sound, but of another version of ML Metadata, say.
            raise PolyrankError(
                f"{locations.metadata_path} can't be opened: {str(error).rstrip('. ')}. Use the "
                "environment that wrote it, or another --work-dir. Or: "
                f"{what_may_be_deleted(locations)}"
            ) from error
        raise PolyrankError(
            f"metadata.mysql: database '{mysql.database}' at {mysql.host}:{mysql.port} can't be "
            f"opened as '{mysql.user}': {error}. Check that it runs, that the database exists, and "
            f"the password in {mysql.password_env}"
        ) from error
