"""Bodies: what is parsed is exact and bounded, what is refused is told its place, and nothing else is ever raised."""

import codecs
import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure import bodies

FORTY_DIGITS = 10**40 - 1

ACCEPTED: list[tuple[bytes, dict[str, object]]] = [
    (b"{}", {}),
    (b' \r\n\t{"a": 1} ', {"a": 1}),
    (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
    (b'{"a":"\\u0000"}', {"a": "\0"}),
    (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
    (b'{"a":-0,"b":-0.0,"c":1.00,"d":1e2}', {"a": 0, "b": -0.0, "c": 1.0, "d": 100.0}),
    (b'{"a":706405506930370084}', {"a": 706405506930370084}),
    (b'{"a":9223372036854775808}', {"a": 2**63}),
    (b'{"a":-9223372036854775808}', {"a": -(2**63)}),
    (b'{"a":-9223372036854775809}', {"a": -(2**63) - 1}),
    (b'{"a":18446744073709551615}', {"a": 2**64 - 1}),
    (b'{"a":18446744073709551616}', {"a": 2**64}),
    (b'{"a":%d,"b":-%d}' % (FORTY_DIGITS, FORTY_DIGITS), {"a": FORTY_DIGITS, "b": -FORTY_DIGITS}),
    (b'{"a":"%s"}' % (b"1" * 400), {"a": "1" * 400}),
    (b'{"a":0.1234567890123456789012345}', {"a": 0.1234567890123456789012345}),
    (b'{"a":1.5e308,"b":-1e-400}', {"a": 1.5e308, "b": -0.0}),
    (b'{"a":' * 63 + b"[]" + b"}" * 63, json.loads(b'{"a":' * 63 + b"[]" + b"}" * 63)),
    (b'{"a":["%s"]}' % (b"[{" * 500), {"a": ["[{" * 500]}),
    (b'{"a":[%s]}' % b",".join([b"[]"] * 500), {"a": [[]] * 500}),
]

REFUSED: list[tuple[bytes, str, str]] = [
    (b"", "not_json", "empty"),
    (b" \n", "not_json", "empty"),
    (b"a=1&b=2", "not_json", "line 1, column 1"),
    (b'{"a":1', "not_json", "line 1, column 7"),
    (b'{\n "a": x}', "not_json", "line 2, column 7"),
    ('{"éé":\n x}'.encode(), "not_json", "line 2, column 2"),
    (b'{"a":1} {"b":2}', "not_json", "line 1, column 9"),
    (b"{'a':1}", "not_json", "line 1, column 2"),
    (b'{"a":01}', "not_json", "line 1, column 6"),
    (b'{"a":1.}', "not_json", "line 1"),
    (b'{"a":+1}', "not_json", "line 1, column 6"),
    (b'{"a":NaN}', "not_json", "line 1, column 6"),
    (b'{"a":-Infinity}', "not_json", "line 1"),
    (b'{"a":"\x01"}', "not_json", "line 1, column 7"),
    (b'{"\x00":1}', "not_json", "line 1, column 3"),
    (b'{"a":1,}', "not_json", "a trailing comma stands before } at line 1, column 7"),
    (b'{"a":[1,2,\n ]}', "not_json", "a trailing comma stands before ] at line 1, column 10"),
    (b'{"a":[{} {}]}', "not_json", "expected ',' or ']' at line 1, column 10"),
    (b"[]", "not_an_object", "wrap it"),
    (b"null", "not_an_object", "wrap it"),
    (b'"text"', "not_an_object", "wrap it"),
    (b"12345678901234567890123", "not_an_object", "wrap it"),
    (b'{"a":"\xff"}', "invalid_utf8", "0xff at byte offset 6"),
    (b'{"\xc3\xa9":"\xc3"}', "invalid_utf8", "0xc3 at byte offset 7"),
    (b'{"a":"\xed\xa0\x80"}', "invalid_utf8", "0xed at byte offset 6"),
    (b'{"a":"\xc0\xaf"}', "invalid_utf8", "0xc0 at byte offset 6"),
    (b'{"a":"\\ud800"}', "invalid_utf8", "surrogate pair at line 1, column 7"),
    (b'{"a":"x\\uDFFF"}', "invalid_utf8", "surrogate pair at line 1, column 8"),
    (b'{"a":"\\udc00\\ud800"}', "invalid_utf8", "surrogate pair at line 1, column 7"),
    (codecs.BOM_UTF8 + b"{}", "invalid_utf8", "byte order mark"),
    ('{"a":1}'.encode("utf-16"), "invalid_utf8", "UTF-16"),
    ('{"a":1}'.encode("utf-16-le"), "invalid_utf8", "UTF-16"),
    ('{"a":1}'.encode("utf-16-be"), "invalid_utf8", "UTF-16"),
    ('{"a":1}'.encode("utf-32"), "invalid_utf8", "UTF-32"),
    (b'{"a":' * 64 + b"[]" + b"}" * 64, "nested_too_deeply", "64 levels at line 1, column 321"),
    (b'{"a":"[[","b":' * 64 + b"[]" + b"}" * 64, "nested_too_deeply", "64 levels at line 1, column 897"),
    (b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", "nested_too_deeply", "64 levels at line 1, column 69"),
    (
        b'{"a":"%s","b":%s}' % (b"x" * 70_000, b"[" * 64 + b"]" * 64),
        "nested_too_deeply",
        "after character 65536",
    ),
    (b"[" * 100_000, "nested_too_deeply", "line 1, column 102"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested_too_deeply", "line 1, column 512"),
    (b'{"a":1e309}', "number_out_of_range", "line 1, column 6"),
    (b'{"a":-1E+400}', "number_out_of_range", "line 1, column 6"),
    (b'{"a":1e130000}', "number_out_of_range", "1e130000"),
    (b'{"a":%s}' % (b"9" * 400), "number_out_of_range", "line 1, column 6"),
    (b'{"a":%s}' % (b"9" * 5000), "number_out_of_range", "line 1, column 6"),
    (b'{"a":1%s}' % (b"0" * 40), "number_out_of_range", "40 digits"),
    (b'{"a":0.%s}' % (b"1" * 40), "number_out_of_range", "40 digits"),
    (b'{\n"a":1,"b":[-1%s]}' % (b"0" * 40), "number_out_of_range", "line 2, column 12"),
]

# What `parse` can return: JSON without floats that JSON cannot say, and integers of up to 40 digits.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-FORTY_DIGITS, FORTY_DIGITS)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)
FRAGMENTS = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b"\\ud800",
        b":",
        b",",
        b"1e9",
        b"-",
        b"0" * 21,
        b"null",
        b"\xff",
        b" ",
        b'"a":',
    ]
)


def exactly(value: object) -> str:
    """A text that tells 1 from 1.0 and 0.0 from -0.0."""
    return repr(value)


@pytest.mark.parametrize(("body", "value"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_what_is_accepted_is_exact(body: bytes, value: dict[str, object]) -> None:
    assert exactly(bodies.parse(body)) == exactly(value)


@pytest.mark.parametrize(("body", "code", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_says_what_and_where(body: bytes, code: str, words: str) -> None:
    with pytest.raises(bodies.MalformedBody) as refused:
        bodies.parse(body)
    assert (refused.value.code, refused.value.field) == (code, "body")
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200


@given(OBJECTS)
def test_what_is_written_is_parsed_again_exactly(value: dict[str, Any]) -> None:
    assert exactly(bodies.parse(bodies.dumps(value))) == exactly(value)


@given(OBJECTS)
def test_the_fast_way_and_the_standard_library_agree(value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=True, indent=1)
    assert exactly(bodies.parse(text.encode())) == exactly(json.loads(text))


@given(st.binary() | st.lists(FRAGMENTS).map(b"".join))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """No body raises anything but `MalformedBody`."""
    with contextlib.suppress(bodies.MalformedBody):
        assert type(bodies.parse(body)) is dict


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,45})(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)


@given(NUMBERS)
def test_a_number_is_kept_exactly_or_refused(number: str) -> None:
    """An integer keeps its digits, another number is the nearest double, and the bounds are those promised."""
    body = f'{{"a":{number}}}'
    digits = sum(map(str.isdecimal, number.lower().partition("e")[0]))
    if digits <= bodies.MOST_DIGITS and math.isfinite(float(number)):
        assert exactly(bodies.parse(body.encode())) == exactly(json.loads(body))
        return
    with pytest.raises(bodies.MalformedBody) as refused:
        bodies.parse(body.encode())
    assert refused.value.code == "number_out_of_range"


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": object()}, {"a": "\ud800"}, {"a": 10**30, "b": math.nan}])
def test_what_is_not_json_is_not_written(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        bodies.dumps(value)


def test_what_is_written_is_compact() -> None:
    assert bodies.dumps({"a": [1, 2**70], "é": None}) == f'{{"a":[1,{2**70}],"é":null}}'.encode()
