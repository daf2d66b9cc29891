"""What a new database needs before anybody can use it: the two first environments, and an admin token."""

from application.access import digest
from application.managing import Managing
from domain import environments

ACTOR = "bootstrap"
FIXED = "HOOKLEDGER_ADMIN_TOKEN"
FIRST = "first admin token"


def bootstrap(managing: Managing, *, admin_token: str | None) -> str | None:
    """Bring a database to life; the new admin token if one was made, which is shown nowhere again."""
    for slug, name in environments.DEFAULT_ENVIRONMENTS:
        managing.create_environment(slug=slug, name=name, actor=ACTOR)
    if admin_token is not None:
        _fix(managing, admin_token)
        return None
    keys = managing.catalogue.snapshot.of("api_key")
    if any(key.role == "admin" for key in keys):
        return None
    return managing.issue_key(name=FIRST, environment=None, role="admin", actor=ACTOR).key


def _fix(managing: Managing, token: str) -> None:
    """Make `token` an admin token, and the only one that was ever fixed this way."""
    snapshot = managing.catalogue.current()
    for key in snapshot.of("api_key"):
        if key.name == FIXED and key.revoked_at is None and key.digest != digest(token):
            managing.revoke_key(key_id=key.key_id, actor=ACTOR)
    if digest(token) not in snapshot.keys:
        managing.issue_key(name=FIXED, environment=None, role="admin", actor=ACTOR, given=token)
