"""Identifiers and tokens: ordered by time where that helps an index, unguessable where it matters."""

import secrets

import uuid_utils


def new_id() -> str:
    """A UUIDv7 (RFC 9562) as text."""
    return str(uuid_utils.uuid7())


def new_token() -> str:
    """The end of a receiving address: 144 random bits, URL-safe, 24 characters."""
    return secrets.token_urlsafe(18)


def new_key(prefix: str) -> str:
    """An API key: its prefix and 256 random bits."""
    return prefix + secrets.token_urlsafe(32)
