"""What providers want to read in an answer, where a plain 2xx will not do; by the name of their verification."""

from collections.abc import Callable, Mapping

from application.requests import Reply
from domain.json_values import Json

EMPTY = Reply("text/plain; charset=utf-8", b"")
TWIML = Reply("text/xml", b'<?xml version="1.0" encoding="UTF-8"?><Response/>')


def slack(body: Mapping[str, Json]) -> Reply:
    """The challenge of `url_verification`, which proves to Slack that somebody is listening; else nothing at all.

    Slack shows people what it reads after a command (https://docs.slack.dev/interactivity/implementing-slash-commands).
    """
    challenge = body.get("challenge")
    if body.get("type") != "url_verification" or not isinstance(challenge, str):
        return EMPTY
    return Reply("text/plain; charset=utf-8", challenge.encode())


def twilio(body: Mapping[str, Json]) -> Reply:
    """TwiML that says nothing: Twilio warns about every other content type (error 12300)."""
    return TWIML


REPLIES: Mapping[str, Callable[[Mapping[str, Json]], Reply]] = {"slack": slack, "twilio": twilio}
