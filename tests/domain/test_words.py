"""The words of a payload, by which it is found: what counts as one, and that there are never too many."""

import pytest

from domain import words
from domain.json_values import Json


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada Reyes", ("ada", "reyes")),
        ("ada@example.com", ("ada", "example", "com")),
        ("cus_Mira-42", ("cus_mira", "42")),
        ("STRASSE straße Straße", ("strasse",)),
        ("Zoë MÜLLER 東京", ("zoë", "müller", "東京")),
        ("a\0b\ud800c", ("a", "b", "c")),
        ("' OR 1=1; --%$1", ("or", "1")),
        ("…!? ", ()),
    ],
)
def test_words_are_runs_of_letters_and_digits_whatever_their_case(text: str, found: tuple[str, ...]) -> None:
    assert words.of_text(text) == found


def test_a_payload_is_found_by_its_values_and_not_by_its_names() -> None:
    payload: Json = {"name": "Ada", "n": [1, 2.5, True, None, {"deep": "Reyes"}], "id": 12345678901234567890}
    assert words.of_payload(payload) == ("ada", "1", "2", "5", "reyes", "12345678901234567890")


def test_a_long_word_counts_by_its_beginning_on_both_sides() -> None:
    long = "x" * 1_000
    assert words.of_payload(long) == words.of_text(long + "y") == ("x" * words.LONGEST,)


def test_only_so_many_words_and_so_much_text_are_looked_at() -> None:
    assert len(words.of_payload([str(number) for number in range(10_000)])) == words.MOST
    assert words.of_payload(["x " * words.LOOKED_THROUGH, "behind"]) == ("x",)


def test_depth_is_no_matter() -> None:
    deep: Json = "bottom"
    for _ in range(100_000):
        deep = [deep]
    assert words.of_payload(deep) == ("bottom",)
