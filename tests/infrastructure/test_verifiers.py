"""A secret that cannot be opened closes its own configuration, and says why; the others go on."""

import hmac

import attrs

from application.secret_edits import context
from domain import configurations
from domain.verification import Verification
from infrastructure import verifiers
from infrastructure.vault import MasterKeyVault
from tests import examples
from tests.infrastructure.judged_requests import b64

SECRET = "a-long-enough-secret"


def url(token: str) -> str:
    return f"https://hooks.example.com/integrations/receive/{token}"


def configuration(vault: MasterKeyVault) -> configurations.Configuration:
    state = examples.CONFIGURATION
    sealed = vault.seal(SECRET, context=context(state.source, state.environment, "s-1"))
    secret = configurations.Secret(id="s-1", name="signing_secret", sealed=sealed, hint="", added_at=examples.AT)
    settings = attrs.evolve(state.settings, verification=Verification(scheme="shared_header", options={}))
    return attrs.evolve(state, settings=settings, secrets=(secret,))


def test_a_secret_under_the_right_key_verifies() -> None:
    vault = MasterKeyVault(b"1" * 32)
    verdict = verifiers.maker(vault, url)(configuration(vault))({"x-webhook-secret": SECRET}, b"{}", examples.AT, "")
    assert (verdict.status, verdict.secret_id) == ("verified", "s-1")


def test_a_secret_under_another_key_fails_closed() -> None:
    made = verifiers.maker(MasterKeyVault(b"2" * 32), url)(configuration(MasterKeyVault(b"1" * 32)))
    verdict = made({"x-webhook-secret": SECRET}, b"{}", examples.AT, "")
    assert (verdict.status, verdict.reason) == ("failed", "secret_unreadable")


def test_a_secret_of_an_earlier_scheme_is_none_of_this_one() -> None:
    vault = MasterKeyVault(b"1" * 32)
    state = configuration(vault)
    stripe = attrs.evolve(state.settings, verification=Verification(scheme="stripe", options={}))
    verdict = verifiers.maker(vault, url)(attrs.evolve(state, settings=stripe))({}, b"{}", examples.AT, "")
    assert (verdict.status, verdict.reason) == ("failed", "secret_unset")


def test_a_scheme_that_signs_the_address_learns_the_public_one() -> None:
    vault = MasterKeyVault(b"1" * 32)
    state = configuration(vault)
    twilio = attrs.evolve(state.settings, verification=Verification(scheme="twilio", options={}))
    verify = verifiers.maker(vault, url)(attrs.evolve(state, settings=twilio))
    signature = b64(hmac.digest(SECRET.encode(), url(state.token).encode(), "sha1"))
    assert verify({"x-twilio-signature": signature}, b"", examples.AT, "").status == "verified"
    assert verify({"x-twilio-signature": signature}, b"", examples.AT, "a=b").reason == "signature_mismatch"


def test_an_option_of_another_version_closes_its_own_configuration() -> None:
    """A process that is older than an edit, as in a rolling upgrade, must go on with all other sources."""
    vault = MasterKeyVault(b"1" * 32)
    newer = Verification("shared_header", {"option_of_tomorrow": 1})
    state = configuration(vault)
    changed = attrs.evolve(state, settings=attrs.evolve(state.settings, verification=newer))
    verdict = verifiers.maker(vault, url)(changed)({"x-webhook-secret": SECRET}, b"{}", examples.AT, "")
    assert (verdict.status, verdict.reason) == ("failed", "unknown_scheme")
    assert "option_of_tomorrow" in str(verdict.message)
