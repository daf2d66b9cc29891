"""Who may do what. Service tokens act on the account in a role; a secret key acts within its environment."""

import hashlib
from typing import Literal

import attrs

from application.catalogue import Snapshot
from domain import errors
from domain.api_keys import ApiKey

Permission = Literal["read", "edit", "administer", "directory", "write"]

GRANTED: dict[str, frozenset[Permission]] = {
    "admin": frozenset({"read", "edit", "administer", "directory", "write"}),
    "editor": frozenset({"read", "edit", "directory", "write"}),
    "auditor": frozenset({"read", "directory"}),
    "environment": frozenset({"directory", "write"}),
}


class Unauthenticated(errors.Refused):
    """There is no key, or it is not one of ours."""


class Forbidden(errors.Refused):
    """The key is known, but its role does not allow this."""


@attrs.frozen(kw_only=True)
class Caller:
    """Who asks. `environment` is None for a service token, which may act in each."""

    key_id: str
    role: str
    environment: str | None


def digest(key: str) -> str:
    """The digest under which a key is on record; keys have 256 bits of entropy, so that no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def identify(authorization: str | None, snapshot: Snapshot) -> Caller:
    """The caller behind an Authorization header. Raises Unauthenticated."""
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated("send an API key as 'Authorization: Bearer hl_st_…' or 'Bearer sk_…'")
    found: ApiKey | None = snapshot.keys.get(digest(key.strip()))
    if found is None:
        raise Unauthenticated("the API key is unknown or revoked")
    return Caller(key_id=found.key_id, role=found.role, environment=found.environment)


def may(caller: Caller, permission: Permission) -> bool:
    """Whether the caller's role grants `permission`."""
    return permission in GRANTED[caller.role]


def require(caller: Caller, permission: Permission) -> None:
    """Raise Forbidden unless the caller's role grants `permission`."""
    if not may(caller, permission):
        raise Forbidden(f"this needs the permission {permission!r}, which a key of role {caller.role!r} does not have")
