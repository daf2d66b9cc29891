"""Settings of verification: a wrong option or secret is refused when it is saved, with the field and what is right."""

import base64

import pytest

from domain.errors import Refused
from domain.verification import SigningSecret, Verification
from infrastructure.signatures import schemes
from tests.infrastructure.judged_requests import Request, b64
from tests.infrastructure.signed_requests import VECTORS, each_vector

HEADER: dict[str, object] = {"header": "x-signature"}
TIMED: dict[str, object] = {"header": "x-signature", "timestamp_header": "x-time"}

URLS: list[tuple[object, str]] = [
    (None, "not empty"),
    ("hooks.example.com/in", "whole public address"),
    ("ftp://hooks.example.com/in", "whole public address"),
    ("https:///in", "whole public address"),
    ("https://hooks.example.com/in?a=b", "whole public address"),
    ("https://hooks.example.com/in#a", "whole public address"),
    ("https://user:password@hooks.example.com/in", "whole public address"),
    ("https://hooks.example.com:/in", "whole public address"),
    ("https://hooks.example.com:0/in", "whole public address"),
    ("https://hooks.example.com:99999/in", "whole public address"),
    ("https://hooks.example.com/a b", "whole public address"),
    ("https://[::1/in", "whole public address"),
    ("https://hooks.exämple.com/in", "printable ASCII"),
]
OPTIONS: list[tuple[str, dict[str, object], str, str]] = [
    ("rot13", {}, "scheme", "must be one of none, shared_header, bearer, basic, hmac, stripe"),
    ("none", {"header": "x-signature"}, "options.header", "no options"),
    ("stripe", {"tolerance": 5}, "options.tolerance", "the options tolerance_seconds"),
    ("stripe", {"tolerance_seconds": 0}, "options.tolerance_seconds", "1 to 86400"),
    ("stripe", {"tolerance_seconds": 86_401}, "options.tolerance_seconds", "1 to 86400"),
    ("stripe", {"tolerance_seconds": True}, "options.tolerance_seconds", "whole number"),
    ("standard_webhooks", {"tolerance_seconds": "300"}, "options.tolerance_seconds", "whole number"),
    ("standard_webhooks", {"tolerance_seconds": 1.5}, "options.tolerance_seconds", "whole number"),
    ("shared_header", {"header": ""}, "options.header", "not empty"),
    ("shared_header", {"header": None}, "options.header", "not empty"),
    ("shared_header", {"header": "x signature"}, "options.header", "the name of one header"),
    ("shared_header", {"header": "x-sign\r\nature"}, "options.header", "printable ASCII"),
    ("shared_header", {"header": "x" * 257}, "options.header", "at most 256"),
    ("shared_header", {"header": "Content-Type"}, "options.header", "of the sender's own"),
    ("hmac", HEADER | {"timestamp_header": "host"}, "options.timestamp_header", "of the sender's own"),
    ("hmac", {}, "options.header", "not empty"),
    ("hmac", HEADER | {"algorithm": "md5"}, "options.algorithm", "sha256, sha1, sha512"),
    ("hmac", HEADER | {"encoding": ["hex"]}, "options.encoding", "hex, base64"),
    ("hmac", HEADER | {"prefix": ""}, "options.prefix", "not empty"),
    ("hmac", HEADER | {"prefix": "ü="}, "options.prefix", "printable ASCII"),
    ("hmac", HEADER | {"tolerance_seconds": 300}, "options.tolerance_seconds", "needs timestamp_header"),
    ("hmac", HEADER | {"signed_template": "body"}, "options.signed_template", "hold {body} once"),
    ("hmac", HEADER | {"signed_template": "{body}{body}"}, "options.signed_template", "hold {body} once"),
    (
        "hmac",
        HEADER | {"signed_template": "{timestamp}.{body}"},
        "options.signed_template",
        "hold {body} once",
    ),
    ("hmac", HEADER | {"signed_template": "{body!r}"}, "options.signed_template", "hold {body} once"),
    ("hmac", HEADER | {"signed_template": "{{body}}"}, "options.signed_template", "no other braces"),
    ("hmac", HEADER | {"signed_template": 7}, "options.signed_template", "not empty"),
    ("hmac", TIMED | {"signed_template": "{body}"}, "options.signed_template", "{timestamp} and {body} once"),
    ("hmac", TIMED | {"timestamp_header": "x time"}, "options.timestamp_header", "the name of one header"),
    ("hmac", TIMED | {"tolerance_seconds": -1}, "options.tolerance_seconds", "whole number"),
    ("slack", {"tolerance_seconds": 0}, "options.tolerance_seconds", "1 to 86400"),
    ("slack", {"prefix": "v1="}, "options.prefix", "the options tolerance_seconds"),
    ("paddle", {"tolerance_seconds": "5"}, "options.tolerance_seconds", "whole number"),
    ("workos", {"tolerance_ms": 180_000}, "options.tolerance_ms", "the options tolerance_seconds"),
    ("github", {"algorithm": "sha1"}, "options.algorithm", "no options"),
    ("script", {"source": "…"}, "options.source", "no options"),
    ("twilio", {"algorithm": "sha512"}, "options.algorithm", "sha1, sha256"),
    *(("twilio", {"url": url}, "options.url", words) for url, words in URLS),
]


@pytest.mark.parametrize(("scheme", "options", "field", "words"), OPTIONS, ids=range(len(OPTIONS)))
def test_a_wrong_option_is_refused_with_its_field_and_what_is_right(
    scheme: str, options: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(Refused, match=field) as refused:
        schemes.check_options(Verification(scheme, options))
    assert refused.value.field == field
    assert words in str(refused.value)


def encoded(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(length))).decode()


HMACS = ("shopify", "segment", "github", "slack", "workos", "paddle", "knock", "twilio")
PRIME = 2**255 - 19
# A point of small order in every spelling: its y and, beyond the field, the same again; and the sign of its x.
WEAK_KEYS = [
    (y | sign).to_bytes(32, "little") for y in (0, 1, PRIME - 1, PRIME, PRIME + 1) for sign in (0, 1 << 255)
] + [
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]
SECRETS = [
    ("stripe", "", "empty"),
    ("stripe", " \n", "empty"),
    ("stripe", "whsec_", "less than 6 characters after whsec_"),
    ("stripe", "whsec_12345", "less than 6 characters after whsec_"),
    ("stripe", "sk_live_0123456789", "does not begin with whsec_"),
    ("stripe", "whsec_0123456789\n", "white space"),
    ("standard_webhooks", "", "empty"),
    ("standard_webhooks", "whsec_", "decodes to 0 bytes"),
    ("standard_webhooks", "whsec_====", "not standard base64"),
    ("standard_webhooks", encoded(15), "decodes to 15 bytes"),
    ("standard_webhooks", "whsec_" + "-_" * 16, "not standard base64"),
    ("standard_webhooks", "whsec_" + "abc d" * 8, "not standard base64"),
    ("standard_webhooks", "whsec_" + "é" * 32, "not standard base64"),
    ("standard_webhooks", "whsec_" + "a" * 33, "not standard base64"),
    ("standard_webhooks", encoded(24).removeprefix("whsec_"), "does not begin with whsec_"),
    ("standard_webhooks", "whpk_" + "a" * 44, "does not begin with whsec_"),
    ("shopify", "", "empty"),
    ("shopify", "short", "less than 6 characters"),
    ("hmac", "\t", "empty"),
    ("hmac", " a secret", "white space"),
    ("hmac", "line\nbreak", "cannot be seen"),
    ("hmac", "lone\ud800half", "cannot be seen"),
    ("shared_header", "", "empty"),
    ("shared_header", "a secret", "without spaces"),
    ("shared_header", "sécret", "visible ASCII"),
    ("bearer", "s3cret, s3cret", "without spaces"),
    ("bearer", "s3cret\x7f!", "cannot be seen"),
    ("none", "s3cret", "takes no secret"),
    ("script", "s3cret", "the scheme script takes no secret; keep it in a secret variable"),
    ("basic", "s3cret-without-colon", "user:password"),
    ("basic", "user:short", "less than 6 characters"),
    ("basic", "short:", "less than 6 characters"),
    ("basic", "üser:s3cret", "ASCII"),
    ("basic", "user:s3\ncret", "cannot be seen"),
    ("gitlab", "a secret", "without spaces"),
    ("polytomic", "", "empty"),
    *((scheme, "12345", "less than 6 characters") for scheme in HMACS),
    *((scheme, " ", "empty") for scheme in HMACS),
    *((scheme, "whpk_" + "a" * 43 + "=", "is a public key") for scheme in (*HMACS, "hmac", "bearer", "gitlab")),
    ("ed25519", "whsec_" + "a" * 44, "does not begin with whpk_"),
    ("ed25519", "whsk_" + "a" * 44, "does not begin with whpk_"),
    ("ed25519", "whpk_" + encoded(24).removeprefix("whsec_"), "decodes to 24 bytes"),
    ("ed25519", "whpk_" + encoded(33).removeprefix("whsec_"), "decodes to 33 bytes"),
    *(("ed25519", f"whpk_{b64(key)}", "anybody can sign") for key in WEAK_KEYS),
]


@pytest.mark.parametrize(("scheme", "secret", "words"), SECRETS, ids=range(len(SECRETS)))
def test_a_wrong_secret_is_refused_without_being_repeated(scheme: str, secret: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        schemes.check_secret(Verification(scheme, HEADER if scheme == "hmac" else {}), secret)
    assert refused.value.field == "secret"
    assert words in str(refused.value)
    assert not secret.strip() or secret == "whsec_" or secret not in str(refused.value)


@each_vector
def test_what_verifies_is_accepted_when_saved(request_: Request) -> None:
    schemes.check_options(request_.verification)
    schemes.check_secret(request_.verification, request_.secret)


@pytest.mark.parametrize("secret", [encoded(16), encoded(24), encoded(64), encoded(25).rstrip("=")])
def test_a_standard_webhooks_secret_may_lack_its_padding(secret: str) -> None:
    schemes.check_secret(VECTORS["svix"].verification, secret)


def test_what_is_refused_when_saved_is_refused_when_compiled() -> None:
    """A verifier is never made of settings that the checks refuse."""
    with pytest.raises(Refused, match="header"):
        schemes.verifier(Verification("hmac"), [])
    with pytest.raises(Refused, match="empty"):
        schemes.verifier(Verification("stripe"), [SigningSecret("0", "")])


def test_a_secret_of_an_unknown_scheme_is_refused_for_its_scheme() -> None:
    with pytest.raises(Refused) as refused:
        schemes.check_secret(Verification("rot13"), "s3cret")
    assert refused.value.field == "scheme"
