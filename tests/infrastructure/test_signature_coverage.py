"""What a scheme says that its signatures cover is what they cover, no more and no less."""

import attrs
import pytest

from domain.coverage import BODY, NOTHING, Covered
from domain.errors import Refused
from domain.verification import Verification
from infrastructure.signatures import schemes
from tests.infrastructure.judged_requests import Request
from tests.infrastructure.signed_requests import VECTORS, WEBHOOK, assert_failed, each_vector


@each_vector
def test_the_body_is_covered_exactly_where_a_scheme_says_so(request_: Request) -> None:
    another = attrs.evolve(request_, body=request_.body + b" ")
    covered = schemes.covered(request_.verification)
    assert covered.body == (another.verdict().status == "failed") == request_.covers_body


@each_vector
def test_every_header_said_to_be_covered_is(request_: Request) -> None:
    for name in schemes.covered(request_.verification).headers & request_.headers.keys():
        assert_failed(request_.with_header(name, request_.headers[name] + "0"))


@pytest.mark.parametrize("request_", [VECTORS["svix"], WEBHOOK, VECTORS["ed25519, by cryptography"]])
def test_no_header_said_to_be_covered_can_be_added_to_a_genuine_request(request_: Request) -> None:
    """A path may read the header of the other family, so a relay must not be able to bring one of its own."""
    for name in schemes.covered(request_.verification).headers - request_.headers.keys():
        assert_failed(request_.with_header(name, "1700000001"))


@each_vector
def test_other_headers_are_not_covered(request_: Request) -> None:
    assert "x-topic" not in schemes.covered(request_.verification).headers
    assert request_.with_header("x-topic", "orders/create").verdict().status == "verified"


COVERED = {
    "github": BODY,
    "shopify": BODY,
    "segment": BODY,
    "stripe": BODY,
    "twilio": BODY,
    "slack": Covered(body=True, headers=frozenset({"x-slack-request-timestamp"})),
    "gitlab": NOTHING,
    "basic": NOTHING,
    "polytomic": NOTHING,
    "none": NOTHING,
    "script": NOTHING,
    "of a later release": NOTHING,
}


@pytest.mark.parametrize(("scheme", "covered"), COVERED.items())
def test_a_scheme_says_what_it_covers(scheme: str, covered: Covered) -> None:
    assert schemes.covered(Verification(scheme)) == covered


def test_coverage_depends_on_the_options() -> None:
    timed = Verification("hmac", {"header": "x-sig", "timestamp_header": "X-Time"})
    assert schemes.covered(timed) == Covered(body=True, headers=frozenset({"x-time"}))
    assert schemes.covered(Verification("hmac", {"header": "x-sig"})) == BODY
    with pytest.raises(Refused, match=r"options\.header"):
        schemes.covered(Verification("hmac"))
