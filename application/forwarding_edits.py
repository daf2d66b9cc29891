"""From the API's words to edits of forwarding: where an environment forwards to, with which key."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import attrs

from application.ports import Sender, Vault
from application.secret_edits import BodyInvalid
from domain import errors, forwarding
from domain.forwarding import Forwarding
from domain.json_values import Json

WRITABLE = ("base_url", "api_key")
READ_ONLY = frozenset({"environment", "api_key_hint", "created_at", "updated_at"})
FIELD = "forwarding"
HINT = 4


@attrs.frozen(kw_only=True)
class ForwardingEdits:
    """Turns bodies into commands."""

    sender: Sender
    vault: Vault

    def put(
        self, *, environment: str, body: Mapping[str, Json], state: Forwarding | None, at: datetime
    ) -> forwarding.Put:
        """`{base_url?, api_key?}`, read under the name `forwarding` too. What is left out stays as it is.

        A key goes to the address that it was given for and to no other. Raises Refused, naming the field.
        """
        asked = _asked(body)
        base_url = self._base_url(asked.get("base_url") or (state.base_url if state else forwarding.DEFAULT_BASE_URL))
        key = asked.get("api_key")
        if key is not None:
            return self._with_key(environment, base_url, key, state, at)
        if state is None:
            raise BodyInvalid(f"{FIELD}.api_key is missing; give a secret key of the account", field=f"{FIELD}.api_key")
        if base_url != state.base_url:
            raise BodyInvalid(
                f"{FIELD}.api_key is missing; the one that is kept goes to {state.base_url} alone, "
                "so another address needs it anew",
                field=f"{FIELD}.api_key",
            )
        return forwarding.Put(environment=environment, base_url=base_url, sealed=state.sealed, hint=state.hint, at=at)

    def _base_url(self, value: Json) -> str:
        field = f"{FIELD}.base_url"
        if not isinstance(value, str):
            raise BodyInvalid(f"{field} must be a text such as {forwarding.DEFAULT_BASE_URL}", field=field)
        try:
            self.sender.check(value)
        except errors.Refused as refused:
            raise BodyInvalid(f"{field}: {refused}", field=field) from refused
        parts = urlsplit(value)
        if parts.query or parts.fragment:
            raise BodyInvalid(f"{field} must have neither ? nor #; /v1/… is put behind it", field=field)
        if parts.scheme != "https" and not _near(parts.hostname or ""):
            message = f"{field} must begin with https://, since the API key is sent there"
            raise BodyInvalid(message, field=field)
        return value.rstrip("/")

    def _with_key(
        self, environment: str, base_url: str, key: Json, state: Forwarding | None, at: datetime
    ) -> forwarding.Put:
        field = f"{FIELD}.api_key"
        if not isinstance(key, str):
            raise BodyInvalid(f"{field} must be a text", field=field)
        forwarding.check_key(key, field=field)
        bound_to = context(environment)
        # The same key sealed anew would look like another one.
        same = state is not None and self._opens_to(key, state.sealed, bound_to)
        sealed = state.sealed if state and same else self.vault.seal(key, context=bound_to)
        return forwarding.Put(environment=environment, base_url=base_url, sealed=sealed, hint=_hint(key), at=at)

    def _opens_to(self, key: str, sealed: str, bound_to: str) -> bool:
        try:
            return self.vault.open(sealed, context=bound_to) == key
        except errors.Refused:
            return False  # what was sealed under another key is replaced by what is given


def context(environment: str) -> str:
    """What a sealed key is bound to: the environment that forwards with it."""
    return f"{forwarding.stream(environment)}/api_key"


def _asked(body: Mapping[str, Json]) -> Mapping[str, Json]:
    asked = body.get(FIELD, body)
    if not isinstance(asked, Mapping):
        raise BodyInvalid(f"{FIELD} must be an object", field=FIELD)
    for name in asked:
        if name not in WRITABLE and name not in READ_ONLY:
            known = " and ".join(WRITABLE)
            raise BodyInvalid(f"{FIELD}.{name:.40} is not known; there are {known}", field=f"{FIELD}.{name:.40}")
    return asked


def _near(host: str) -> bool:
    """Whether a host is this machine or one of a network of one's own, as far as its name tells."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _hint(key: str) -> str:
    return key[-HINT:] if len(key) >= 3 * HINT else ""
