"""Coverage: what a configuration reads of a request although no signature vouches for it."""

import attrs
import pytest

from domain import coverage
from domain.coverage import BODY, NOTHING, Covered
from domain.scripts import Script
from domain.settings import Settings

ALL = ("event_type", "idempotency_key")
DATED = Covered(body=True, headers=frozenset({"x-date"}))


def both(path: str) -> Settings:
    return Settings(event_type_path=path, idempotency_key_path=path)


@pytest.mark.parametrize("path", ["body.type", "body", "type", "data.type", "properties.id", "user_id", "body[0].a"])
def test_a_path_into_the_body_is_covered_with_the_body(path: str) -> None:
    assert coverage.uncovered(both(path), BODY) == ()
    assert coverage.uncovered(both(path), NOTHING) == ALL


@pytest.mark.parametrize("path", ["headers.x-topic", "headers.X-Topic", "headers", "headers[*]", "headers.x-date.a"])
def test_a_header_is_not_covered_with_the_body(path: str) -> None:
    assert coverage.uncovered(both(path), BODY) == ALL


def test_a_header_that_is_signed_is_covered() -> None:
    assert coverage.uncovered(both("headers.X-Date"), DATED) == ()


def test_each_input_is_looked_at_by_itself() -> None:
    settings = Settings(event_type_path="headers.x-topic", idempotency_key_path="body.id")
    assert coverage.uncovered(settings, BODY) == ("event_type",)
    assert coverage.uncovered(settings, Covered(headers=frozenset({"x-topic"}))) == ("idempotency_key",)


def test_what_native_preprocessing_makes_is_as_good_as_the_body() -> None:
    settings = attrs.evolve(both("preprocess.name"), preprocessor="clerk")
    assert coverage.uncovered(settings, BODY) == ()
    assert coverage.uncovered(settings, Covered(headers=frozenset({"name"}))) == ALL


def test_what_a_script_makes_is_never_covered() -> None:
    """It may have read any header, and it goes before native preprocessing."""
    scripted = attrs.evolve(both("preprocess.name"), preprocess_script=Script("function main() {}"))
    assert coverage.uncovered(scripted, BODY) == ALL
    assert coverage.uncovered(attrs.evolve(scripted, preprocessor="clerk"), BODY) == ALL
    assert coverage.uncovered(both("preprocess.name"), BODY) == ALL


def test_what_is_not_read_needs_no_cover() -> None:
    assert coverage.uncovered(Settings(), NOTHING) == ()
    off = Settings(event_type_path="type", idempotency_key_path="headers.x-id", enforce_idempotency=False)
    assert coverage.uncovered(off, BODY) == ()
