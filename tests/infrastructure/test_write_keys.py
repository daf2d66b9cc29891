"""Write keys: one for each configuration, another one with each token, and no way back to the token."""

from domain import configurations
from infrastructure import write_keys
from infrastructure.vault import MasterKeyVault
from tests.application.in_memory import ACTOR, InMemory


def connected(it: InMemory) -> str:
    """Connect a source; its write key in development."""
    token = it.put().token
    return it.catalogue.current().endpoints[token].write_key


def test_every_configuration_has_a_write_key_of_its_own() -> None:
    it = InMemory()
    it.put()
    it.put(key="other")
    snapshot = it.catalogue.current()
    assert len(snapshot.write_keys) == len(snapshot.endpoints) == 4
    for token, endpoint in snapshot.endpoints.items():
        assert snapshot.write_keys[endpoint.write_key] is endpoint
        assert endpoint.write_key.startswith("wk_")
        assert token not in endpoint.write_key


def test_rotating_the_token_rotates_the_write_key() -> None:
    it = InMemory()
    old = connected(it)
    rotated = it.managing.rotate_token(source="shop", environment="development", actor=ACTOR)
    snapshot = it.catalogue.current()
    assert old not in snapshot.write_keys
    assert snapshot.endpoints[rotated.token].write_key != old


def test_an_archived_source_has_no_write_key() -> None:
    it = InMemory()
    key = connected(it)
    it.managing.archive_source(key="shop", actor=ACTOR)
    assert key not in it.catalogue.current().write_keys


def test_a_write_key_survives_other_edits_and_a_restart() -> None:
    it = InMemory()
    key = connected(it)
    it.put(settings={"enabled": False})
    assert it.beside().catalogue.current().write_keys[key].configuration == it.configuration()


def test_a_write_key_follows_from_the_master_key() -> None:
    it = InMemory()
    state: configurations.Configuration = it.put()
    here, there = (write_keys.maker(MasterKeyVault(bytes([number]) * 32))(state) for number in (0, 1))
    assert here == it.catalogue.current().endpoints[state.token].write_key
    assert here != there


def test_no_write_key_is_shown_when_a_snapshot_is_printed() -> None:
    it = InMemory()
    it.put()
    snapshot = it.catalogue.current()
    assert all(key not in repr(snapshot) for key in snapshot.write_keys)
