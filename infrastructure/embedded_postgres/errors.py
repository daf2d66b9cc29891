"""The failures an operator can do something about; each message says what."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL server cannot do what was asked of it."""


class BinariesMissing(EmbeddedPostgresError):
    """No installed package supplies PostgreSQL binaries."""


class DataDirRefused(EmbeddedPostgresError):
    """The data directory cannot be used as it is: unreachable, not ours, or incomplete."""


class DataDirInUse(EmbeddedPostgresError):
    """Another process supervises the server of this data directory."""


class ServerFailed(EmbeddedPostgresError):
    """A PostgreSQL program ended by itself; the message ends with what it printed."""
