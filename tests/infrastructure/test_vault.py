"""The vault: what it seals opens only here and in its place, what it derives follows from its key and nothing else."""

import re

import pytest

from infrastructure.vault import MasterKeyInvalid, MasterKeyVault

VAULT, OTHER = MasterKeyVault(b"1" * 32), MasterKeyVault(b"2" * 32)


def test_what_was_sealed_is_opened() -> None:
    assert VAULT.open(VAULT.seal("päss", context="a"), context="a") == "päss"


@pytest.mark.parametrize(("vault", "context"), [(OTHER, "a"), (VAULT, "b"), (VAULT, "")])
def test_it_is_opened_with_the_same_key_and_for_the_same_context_alone(vault: MasterKeyVault, context: str) -> None:
    with pytest.raises(MasterKeyInvalid):
        vault.open(VAULT.seal("secret", context="a"), context=context)


def test_what_is_sealed_twice_does_not_look_the_same() -> None:
    assert VAULT.seal("secret", context="a") != VAULT.seal("secret", context="a")


def test_what_is_derived_follows_from_key_and_context() -> None:
    derived = VAULT.derive("a")
    # Clients in the field have such keys: another value in a later release would lock all of them out.
    assert derived == MasterKeyVault(b"1" * 32).derive("a") == "lKVXYnmzC1Q7YKJd9NA7XnwMZGV8RBP2"
    assert len({derived, VAULT.derive("b"), VAULT.derive(""), OTHER.derive("a")}) == 4


def test_what_is_derived_has_192_bits_that_an_address_can_hold() -> None:
    for context in map(str, range(100)):
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", VAULT.derive(context))
