"""A database remembers which master key its payloads are sealed under, and nobody works on it under another."""

import pytest

from infrastructure import master_keys, migrations
from infrastructure.database import Database
from infrastructure.vault import MasterKeyInvalid
from tests import stores


def test_the_key_of_the_first_migration_is_the_key_for_ever(database_url: str) -> None:
    with stores.migrated(database_url) as database:
        migrations.migrate(database)
        master_keys.require(database)


def test_another_key_is_refused_and_leaves_everything_as_it_was(database_url: str) -> None:
    with stores.migrated(database_url) as database:
        before = stores.rows(database, "master_key")
        other = Database(database_url, master=b"another master key of 32 bytes..")
        try:
            for refused in (migrations.migrate, master_keys.require):
                with pytest.raises(MasterKeyInvalid, match="give the one that it was first migrated with"):
                    refused(other)
        finally:
            other.close()
        assert stores.rows(database, "master_key") == before
