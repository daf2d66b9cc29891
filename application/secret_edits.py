"""Secrets in a body: checked by their scheme, sealed, and never shown again."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import attrs

from application.ports import NewId, SignatureSchemes, Vault
from domain import configurations, configuring, errors
from domain.json_values import Json
from domain.verification import Verification

NAMES = ("signing_secret",)
PREVIOUS = "previous_expires_in_seconds"
T = TypeVar("T")
LONGEST_OVERLAP = 30 * 86_400
"""Seconds for which the secret before may stay valid beside a new one."""

HINT = 4
"""Characters of a secret that are shown, if it has three times as many."""


class BodyInvalid(errors.Refused):
    """The body is not in the shape of the API."""


@attrs.frozen
class About:
    """Which configuration the secrets are for, how it will verify, and where in the body they stand."""

    source: str
    environment: str
    verification: Verification
    state: configurations.Configuration | None
    field: str


@attrs.frozen(kw_only=True)
class SecretEdits:
    """Turns secrets into commands."""

    schemes: SignatureSchemes
    vault: Vault
    new_id: NewId

    def commands(self, asked: Mapping[str, Json], about: About, at: datetime) -> Iterator[configuring.AddSecret]:
        """A command for each secret that is new. Raises BodyInvalid for one that the scheme cannot have."""
        for name, given in asked.items():
            field = f"{about.field}.{name}"
            if name not in NAMES:
                raise BodyInvalid(f"{field} is not a secret; there is {' or '.join(NAMES)}", field=field)
            value, overlap = _given(given, field)
            self._check(about.verification, value, field)
            if not self._in_force(about.state, name, value):
                yield self._command(name, value, about, at, at + overlap)

    def _check(self, verification: Verification, value: str, field: str) -> None:
        try:
            self.schemes.check_secret(verification, value)
        except errors.Refused as refused:
            raise BodyInvalid(f"{field}: {refused}", field=field) from refused

    def _in_force(self, state: configurations.Configuration | None, name: str, value: str) -> bool:
        """Whether it is the secret already, so that sending it again changes nothing."""
        return state is not None and any(
            self._opened(state, secret) == value
            for secret in state.secrets
            if secret.name == name and secret.expires_at is None
        )

    def _opened(self, state: configurations.Configuration, secret: configurations.Secret) -> str | None:
        try:
            return self.vault.open(secret.sealed, context=context(state.source, state.environment, secret.id))
        except errors.Refused:
            return None  # what was sealed under another key is replaced by what is given

    def _command(
        self, name: str, value: str, about: About, at: datetime, others_expire_at: datetime
    ) -> configuring.AddSecret:
        secret_id = self.new_id()
        return configuring.AddSecret(
            secret_id=secret_id,
            name=name,
            sealed=self.vault.seal(value, context=context(about.source, about.environment, secret_id)),
            hint=value[-HINT:] if len(value) >= 3 * HINT else "",
            others_expire_at=others_expire_at,
            at=at,
        )


def _given(value: Json, field: str) -> tuple[str, timedelta]:
    """The secret, and for how long the one before stays valid beside it: not at all for a mere text."""
    if isinstance(value, str):
        return value, timedelta()
    if not isinstance(value, Mapping) or value.keys() - {"value", PREVIOUS}:
        raise BodyInvalid(f'{field} must be a text or {{"value": "…", "{PREVIOUS}": 86400}}', field=field)
    secret, seconds = value.get("value"), value.get(PREVIOUS, 0)
    if not isinstance(secret, str):
        raise BodyInvalid(f"{field}.value must be a text", field=f"{field}.value")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_OVERLAP:
        raise BodyInvalid(
            f"{field}.{PREVIOUS} is {seconds!r:.40}; it must be a whole number of seconds from 0 to {LONGEST_OVERLAP}",
            field=f"{field}.{PREVIOUS}",
        )
    return secret, timedelta(seconds=seconds)


def context(source: str, environment: str, secret_id: str) -> str:
    """What a sealed secret is bound to: its configuration and its id."""
    return f"{configurations.stream(source, environment)}/{secret_id}"


def within(field: str, check: Callable[[], T]) -> T:
    """What `check` returns; a refusal of it, which names a field of its own, is one of `field`."""
    try:
        return check()
    except errors.Refused as refused:
        place = f"{field}.{refused.field}" if refused.field else field
        raise BodyInvalid(f"{field}: {refused}", field=place) from refused
