"""Bodies that are forms: read within bounds, and only where their sender says that they are."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.json_values import Json
from infrastructure import bodies, forms
from infrastructure.bodies import MalformedBody

FORM = forms.CONTENT_TYPE


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"a=1", {"a": "1"}),
        (b"command=%2Fdeploy&text=", {"command": "/deploy", "text": ""}),
        (b"name=Zo%C3%AB+M%C3%BCller", {"name": "Zoë Müller"}),
        (b"to=a&to=b&to=c", {"to": ["a", "b", "c"]}),
        (b"a=b=c", {"a": "b=c"}),
        (b"__proto__=1&constructor=2", {"__proto__": "1", "constructor": "2"}),
        (b"a=100%", {"a": "100%"}),
        (b'payload={"type": "x"}&a=1', {"payload": '{"type": "x"}', "a": "1"}),
    ],
)
def test_the_fields_of_a_form_are_texts_by_name(body: bytes, fields: dict[str, Json]) -> None:
    assert bodies.read(body, FORM) == fields


def test_a_form_with_a_payload_alone_is_what_the_payload_says() -> None:
    pressed = {"type": "block_actions", "user": {"id": "U1"}}
    assert bodies.read(urlencode({"payload": json.dumps(pressed)}).encode(), f"{FORM}; charset=utf-8") == pressed


def test_json_is_json_whatever_its_sender_calls_it() -> None:
    assert bodies.read(b'{"type": "x=y"}', FORM) == {"type": "x=y"}


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_form_that_is_not_announced_is_none(content_type: str) -> None:
    with pytest.raises(MalformedBody):
        bodies.read(b"a=1", content_type)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hello", "a field must have a name"),
        (b"=1", "a field must have a name"),
        (b"a=1&", "a field must have a name"),
        (b"a=%ff", "not UTF-8"),
        (b"a=\xff", "not UTF-8"),
        (b"&".join([b"a=1"] * 1_001), "more than 1000 fields"),
        (b"payload=hello", "not JSON"),
        (b"payload=[1]", "not an object"),
    ],
)
def test_what_is_no_form_either_is_refused_with_words(body: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        bodies.read(body, FORM)


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "payload"), st.text(), min_size=1))
def test_every_form_that_can_be_written_is_read_back(fields: dict[str, str]) -> None:
    try:
        body = urlencode(fields).encode()
    except UnicodeEncodeError:
        return  # half of a surrogate pair, which no form can hold
    assert bodies.read(body, FORM) == fields
