"""Discretion: secrets that a script was given are in nothing that it returns."""

from typing import Any

import pytest

from domain.discretion import REDACTED, Hidden, discreet
from domain.json_values import Json
from domain.scripts import Call, Result
from tests import examples

KEY, TOKEN = "the-key-of-the-api", "a-token-of-a-sender"


def told(output: dict[str, Json] | None = None, **changes: Any) -> Result:
    call = Call(
        vars={"KEY": Hidden(KEY), "URL": "https://example.com", "PIN": Hidden("12345")},
        headers={"authorization": Hidden(f"Bearer {TOKEN}"), "x-topic": "orders"},
        raw_body=b"{}",
        body={},
        at=examples.AT,
    )
    return discreet(Result(output=output or {}, **changes), call)


@pytest.mark.parametrize(
    ("output", "left"),
    [
        ({"key": KEY}, {"key": REDACTED}),
        ({KEY: True}, {REDACTED: True}),
        ({"all": [{"deep": f"with {KEY}, twice {KEY}"}]}, {"all": [{"deep": f"with {REDACTED}, twice {REDACTED}"}]}),
        ({"header": f"Bearer {TOKEN}"}, {"header": REDACTED}),
        ({"token": TOKEN}, {"token": REDACTED}),
    ],
)
def test_a_hidden_text_is_taken_out_wherever_it_stands(output: dict[str, Json], left: dict[str, Json]) -> None:
    assert told(output).output == left


def test_what_is_not_hidden_stays_as_it_is() -> None:
    output: dict[str, Json] = {"verified": True, "url": "https://example.com", "n": 12345, "of": "orders", "no": None}
    assert told(output, verified=True) == Result(output=output, verified=True)


def test_a_secret_that_is_hardly_one_is_not_looked_for() -> None:
    assert told({"zip": "12345"}).output == {"zip": "12345"}


def test_an_error_tells_no_hidden_text() -> None:
    assert told(error=f"Error: no {TOKEN}").error == f"Error: no {REDACTED}"
