"""An erasure is requested once, completed once, names nobody, and says what it did."""

import attrs
import pytest

from domain import erasures
from domain.erasures import Complete, ErasureInvalid, Request, Subject, SubjectUnknown
from tests import examples

REQUESTED, COMPLETED = examples.ERASURE_REQUESTED, examples.ERASURE_COMPLETED
REQUEST = Request(
    erasure_id=examples.ERASURE_ID,
    environment=examples.ENVIRONMENT,
    subject=Subject(kind="user", id="cus_TnVh5xq8Rk2LmD"),
    digest=REQUESTED.subject,
    reason=REQUESTED.reason,
    searched=1,
    at=examples.AT,
)
COMPLETE = Complete(streams=tuple(reversed(examples.ERASED_STREAMS)), restated=1, ended=0, at=examples.AT)
OPEN = erasures.evolve(None, REQUESTED)
DONE = erasures.evolve(OPEN, COMPLETED)


def test_a_request_goes_on_record_without_the_subject() -> None:
    assert erasures.decide(None, REQUEST) == (REQUESTED,)
    assert REQUEST.subject.id not in repr(REQUESTED) + repr(REQUEST)


def test_the_same_request_twice_is_one_erasure() -> None:
    assert erasures.decide(OPEN, REQUEST) == erasures.decide(DONE, REQUEST) == ()


def test_it_completes_with_the_streams_in_order_and_a_digest_of_them() -> None:
    assert erasures.decide(OPEN, COMPLETE) == (COMPLETED,)


def test_what_is_complete_does_not_complete_twice() -> None:
    assert erasures.decide(DONE, COMPLETE) == erasures.decide(None, COMPLETE) == ()


def test_an_erasure_of_nothing_is_refused() -> None:
    with pytest.raises(SubjectUnknown, match="nothing on record in environment 'production' concerns this user"):
        erasures.decide(OPEN, attrs.evolve(COMPLETE, streams=()))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"reason": ""}, "say in 1 to 500 why"),
        ({"reason": "x" * 501}, "501 characters"),
        ({"reason": "at the wish of cus_TnVh5xq8Rk2LmD"}, "names the subject"),
        ({"subject": Subject(kind="user", id="")}, "subject.id is empty"),
        ({"subject": Subject(kind="object", id="team")}, "subject.collection is missing"),
    ],
)
def test_a_request_that_cannot_be_is_refused(edit: dict[str, object], words: str) -> None:
    with pytest.raises(ErasureInvalid, match=words):
        erasures.decide(None, attrs.evolve(REQUEST, **edit))  # type: ignore[arg-type]


def test_a_subject_stands_where_the_directory_has_it() -> None:
    places = [Subject(kind=kind, id="x", collection="plans").place for kind in erasures.KINDS]
    assert places == [("$users", "x"), ("plans", "x"), ("$tenants", "x")]
