"""Verification: what a verdict means for the event log and for the sender."""

from collections.abc import MutableMapping
from typing import cast

import pytest

from domain import verification
from domain.verification import SigningSecret, Verdict, Verification

VERIFIED = Verdict("stripe", "verified", secret_id="current", skew_seconds=0.25)
FAILED = Verdict("stripe", "failed", "signature_mismatch", "no secret tried (current) makes this signature")
UNVERIFIED = Verdict("none", "unverified", "no_verification", "this source verifies nothing")


@pytest.mark.parametrize(
    ("verdict", "enforced", "status", "refused"),
    [
        (VERIFIED, True, "enforced:verified", False),
        (FAILED, True, "enforced:failed", True),
        (UNVERIFIED, True, "enforced:failed", True),
        (VERIFIED, False, "not_enforced:verified", False),
        (FAILED, False, "not_enforced:failed", False),
        (UNVERIFIED, False, "not_enforced:unverified", False),
    ],
)
def test_only_enforcement_refuses_and_it_refuses_all_but_verified(
    verdict: Verdict, enforced: bool, status: str, refused: bool
) -> None:
    assert verification.status(verdict, enforced) == status
    assert verification.refuses(verdict, enforced) is refused


def test_a_secret_does_not_show_in_its_repr() -> None:
    assert "whsec_hidden" not in repr(SigningSecret("current", "whsec_hidden"))


def test_options_cannot_change_under_a_verification() -> None:
    given: dict[str, object] = {"header": "x-signature"}
    frozen = Verification("hmac", given)
    given["header"] = "x-other"
    with pytest.raises(TypeError):
        cast(MutableMapping[str, object], frozen.options)["header"] = "x-other"
    assert frozen == Verification("hmac", {"header": "x-signature"})
