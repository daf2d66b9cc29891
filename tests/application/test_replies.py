"""What providers read in place of the usual answer."""

import pytest

from application import replies
from domain.json_values import Json


def test_slack_reads_its_challenge() -> None:
    asked: dict[str, Json] = {
        "type": "url_verification",
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    }
    assert replies.slack(asked).body == b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback", "challenge": "x"},
        {"type": "url_verification"},
        {"type": "url_verification", "challenge": 7},
        {"command": "/deploy"},
    ],
)
def test_people_who_command_slack_read_nothing(body: dict[str, Json]) -> None:
    assert replies.slack(body) == replies.EMPTY


def test_twilio_reads_twiml_that_says_nothing() -> None:
    assert replies.twilio({}).content_type == "text/xml"
    assert replies.twilio({}).body.endswith(b"<Response/>")
