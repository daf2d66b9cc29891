"""Whoever is woken at night by a refused request finds its scheme and its reason in `docs/verification.md`."""

import json
import re
import typing
from pathlib import Path

import pytest

from application.catalogue import CREDENTIALS
from domain.verification import Reason, Verification
from infrastructure.signatures import schemes

TEXT = Path("docs/verification.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize("scheme", schemes.SCHEMES)
def test_every_scheme_and_its_options_are_documented(scheme: str) -> None:
    assert f"\n| `{scheme}` |" in TEXT, f"add a row for {scheme} to docs/verification.md"
    for option in schemes.SCHEMES[scheme].options:
        assert f"`{option}`" in TEXT, f"say in docs/verification.md what {option} of {scheme} is"


@pytest.mark.parametrize("reason", typing.get_args(Reason))
def test_every_reason_is_documented(reason: str) -> None:
    _, _, reasons = TEXT.partition("## Reasons")
    assert f"`{reason}`" in reasons, f"say in docs/verification.md what to do about {reason}"


@pytest.mark.parametrize("header", sorted(CREDENTIALS))
def test_every_header_that_is_never_recorded_is_documented(header: str) -> None:
    assert f"`{header}`" in TEXT


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["scheme"] for example in EXAMPLES])
def test_every_example_is_accepted(example: dict[str, object]) -> None:
    schemes.check_options(Verification(str(example.pop("scheme")), example))


def test_there_are_examples() -> None:
    assert EXAMPLES
