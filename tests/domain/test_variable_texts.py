"""The texts of variables: JSON where they are JSON that a script can hold exactly, else texts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import variable_texts
from domain.json_values import Json
from domain.variable_texts import LONGEST, MOST_LEVELS, TextInvalid, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("123", 123),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("[1, true]", [1, True]),
        ('{"a": {"b": null}}', {"a": {"b": None}}),
        ('"123"', "123"),
        ("9007199254740991", 9007199254740991),
        ("[" * MOST_LEVELS + "]" * MOST_LEVELS, json.loads("[" * MOST_LEVELS + "]" * MOST_LEVELS)),
    ],
)
def test_a_text_that_is_json_is_what_it_says(text: str, value: Json) -> None:
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        *("", "007", "+1", "TRUE", "True", "None", "undefined", "0x10", "1_000", ".5", "'a'", "{a: 1}", "[1,]"),
        *("https://example.com/a", "whsec_abc", "a b", "\uff11\uff12\uff13"),
        *("NaN", "Infinity", "-Infinity", "[NaN]", "1e400", '{"a": -1e999}'),
        *("9007199254740992", "-9007199254740992", "[12345678901234567890]", "9" * 5_000),
        *('"\\ud800"', '{"\\udc00": 1}'),
        *("[" * 8_000, "[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1), '{"a":' * 900 + "1" + "}" * 900),
    ],
)
def test_any_other_text_stays_a_text(text: str) -> None:
    assert typed(text) == text


@given(st.text(max_size=200))
def test_every_text_has_a_meaning_that_can_be_handed_on_as_json(text: str) -> None:
    json.dumps(typed(text), allow_nan=False, ensure_ascii=False).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_what_is_not_a_text_comes_back_as_it_was(value: Json) -> None:
    assert typed(variable_texts.text_of(value)) == value


def test_a_text_is_its_own_text() -> None:
    assert variable_texts.text_of("true") == "true"


def test_a_value_may_have_8_kib_and_no_more() -> None:
    assert variable_texts.check("ü" * (LONGEST // 2), field="variable.value")
    with pytest.raises(TextInvalid, match=f"has {LONGEST + 1} bytes") as refusal:
        variable_texts.check("ü" * (LONGEST // 2) + "x", field="variable.value")
    assert refusal.value.field == "variable.value"
    assert "ü" not in str(refusal.value)


def test_a_value_holds_no_nul() -> None:
    with pytest.raises(TextInvalid, match="NUL"):
        variable_texts.check("a\0b", field="variable.value")
