"""A real PostgreSQL server for those who bring none: made, started, watched and stopped here.

It serves Hookledger alone, over a Unix socket. `EmbeddedPostgres` is the whole of its interface.
"""

from infrastructure.embedded_postgres.errors import (
    BinariesMissing,
    DataDirInUse,
    DataDirRefused,
    EmbeddedPostgresError,
    ServerFailed,
)
from infrastructure.embedded_postgres.layout import default_data_dir
from infrastructure.embedded_postgres.supervisor import (
    DEFAULT_SETTINGS,
    EmbeddedPostgres,
)

__all__ = [
    "DEFAULT_SETTINGS",
    "BinariesMissing",
    "DataDirInUse",
    "DataDirRefused",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "ServerFailed",
    "default_data_dir",
]
