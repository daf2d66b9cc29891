"""Managing: what people ask for is done once, wholly or not at all, whoever else edits meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from application.editing import ATTEMPTS
from application.errors import ConfigurationMoved, Conflict
from application.managing import EnvironmentUnknown
from application.ports import EventStore
from application.records import Change, Recorded
from domain import api_keys, configurations, configuring, environments, sources
from tests import examples
from tests.application.in_memory import ACTOR, TEMPLATES, InMemory


def test_a_new_environment_has_every_source_with_defaults_a_fresh_address_and_no_mappings() -> None:
    it = InMemory()
    shop = it.put(settings={"enabled": False}, mappings=[])
    it.managing.put_source(
        key="billing", body={"source": {"name": "B", "preconfigured_provider": "stripe"}}, actor=ACTOR
    )
    it.managing.create_environment(slug="staging", name="Staging", actor=ACTOR)
    for key, template in (("shop", "custom_http"), ("billing", "stripe")):
        fresh = it.configuration("staging", key)
        assert (fresh.settings, fresh.mappings, fresh.secrets) == (TEMPLATES.get(template).settings, (), ())
    tokens = {it.configuration(slug, "shop").token for slug in ("development", "production", "staging")}
    assert len(tokens) == 3
    assert it.configuration() == shop


def test_an_environment_created_twice_is_created_once() -> None:
    it = InMemory()
    it.put()
    before = it.ledger.head()
    it.managing.create_environment(slug="development", name="Development", actor=ACTOR)
    assert it.ledger.head() == before


def test_a_new_environment_has_no_archived_source() -> None:
    it = InMemory()
    it.put()
    it.managing.archive_source(key="shop", actor=ACTOR)
    it.managing.create_environment(slug="staging", name="Staging", actor=ACTOR)
    assert it.catalogue.snapshot.state(configurations.stream("shop", "staging")) is None


def test_environments_come_one_after_the_other() -> None:
    it = InMemory()
    staging = it.managing.create_environment(slug="staging", name="Staging", actor=ACTOR)
    assert staging == environments.Environment(slug="staging", name="Staging", order=2, created_at=examples.AT)


def test_an_archived_source_is_archived_once() -> None:
    it = InMemory()
    it.put()
    it.managing.archive_source(key="shop", actor=ACTOR)
    before = it.ledger.head()
    it.managing.archive_source(key="shop", actor=ACTOR)
    assert it.ledger.head() == before


def test_a_workflow_and_an_audience_are_defined_as_they_are_to_be() -> None:
    it = InMemory()
    define: dict[str, Any] = {"environment": "development", "key": "welcome", "name": "Welcome", "actor": ACTOR}
    workflow = it.managing.define_workflow(**define, active=False)
    audience = it.managing.define_audience(**define, description="New here")
    assert (workflow.key, workflow.active, audience.key, audience.description) == (
        "welcome",
        False,
        "welcome",
        "New here",
    )
    before = it.ledger.head()
    it.managing.define_workflow(**define, active=False)
    it.managing.define_audience(**define, description="New here")
    assert it.ledger.head() == before


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.managing.define_workflow(environment="stagin", key="a", name="A", active=True, actor=ACTOR),
        lambda it: it.managing.define_audience(environment="stagin", key="a", name="A", description=None, actor=ACTOR),
        lambda it: it.managing.issue_key(name="CI", environment="stagin", role=None, actor=ACTOR),
    ],
)
def test_an_environment_that_does_not_exist_is_refused_and_those_that_do_are_named(
    ask: Callable[[InMemory], object],
) -> None:
    with pytest.raises(
        EnvironmentUnknown, match="'stagin' does not exist; there are development, production"
    ) as refusal:
        ask(InMemory())
    assert refusal.value.field == "environment"


@pytest.mark.parametrize(
    ("ask", "refused"),
    [
        (lambda it: it.managing.archive_source(key="none", actor=ACTOR), sources.SourceUnknown),
        (lambda it: it.managing.revoke_key(key_id="none", actor=ACTOR), api_keys.KeyUnknown),
        (
            lambda it: it.managing.rotate_token(source="none", environment="development", actor=ACTOR),
            configuring.ConfigurationUnknown,
        ),
    ],
)
def test_what_does_not_exist_cannot_be_changed(ask: Callable[[InMemory], object], refused: type[Exception]) -> None:
    it = InMemory()
    before = it.ledger.head()
    with pytest.raises(refused):
        ask(it)
    assert it.ledger.head() == before


@pytest.mark.parametrize(
    ("environment", "role", "expected", "prefix"),
    [
        (None, None, "admin", "hl_st_"),
        (None, "editor", "editor", "hl_st_"),
        ("production", None, "environment", "sk_"),
        ("production", "environment", "environment", "sk_"),
    ],
)
def test_a_key_is_of_one_kind_or_the_other(
    environment: str | None, role: str | None, expected: str, prefix: str
) -> None:
    issued = InMemory().managing.issue_key(name="CI", environment=environment, role=role, actor=ACTOR)
    assert (issued.record.role, issued.record.environment) == (expected, environment)
    assert issued.key.startswith(prefix)


@pytest.mark.parametrize(
    ("environment", "role"), [(None, "owner"), (None, "environment"), ("production", "admin"), ("production", "owner")]
)
def test_a_role_that_cannot_be_is_refused(environment: str | None, role: str) -> None:
    with pytest.raises(api_keys.RoleInvalid) as refusal:
        InMemory().managing.issue_key(name="CI", environment=environment, role=role, actor=ACTOR)
    assert refusal.value.field == "role"


def test_every_edit_says_whose_it_was() -> None:
    it = InMemory()
    it.put()
    assert {each.actor for each in it.ledger.log(after=0, limit=2**31)} == {ACTOR}


class Meddled:
    """A log before which something else happens each time somebody appends."""

    def __init__(self, store: EventStore, meddle: Callable[[], object]) -> None:
        self._store, self._meddle, self.appends = store, meddle, 0

    def append(self, *changes: Change, epoch: int | None = None) -> int:
        self.appends += 1
        self._meddle()
        return self._store.append(*changes, epoch=epoch)

    def history(self, stream: str) -> tuple[Recorded, ...]:
        return self._store.history(stream)

    def histories(self, streams_wanted: Sequence[str]) -> Mapping[str, Sequence[Recorded]]:
        return self._store.histories(streams_wanted)

    def category(self, name: str, *, after: int = 0) -> tuple[Recorded, ...]:
        return self._store.category(name, after=after)

    def log(self, *, after: int, limit: int, upto: int | None = None) -> tuple[Recorded, ...]:
        return self._store.log(after=after, limit=limit, upto=upto)

    def head(self) -> int:
        return self._store.head()

    def epoch(self) -> int:
        return self._store.epoch()


def test_an_edit_that_another_one_overtook_is_decided_again() -> None:
    it = InMemory()
    it.put()
    slugs = iter(["production"])
    meddled = Meddled(it.ledger, lambda: [it.put(environment=slug, settings={"enabled": False}) for slug in slugs])
    it.beside(meddled).put(settings={"enabled": False})
    assert (meddled.appends, it.configuration().settings.enabled) == (2, False)


def test_of_two_edits_of_one_thing_neither_is_lost() -> None:
    it = InMemory()
    it.put()
    edits = iter([{"timestamp_path": "body.at"}])
    meddled = Meddled(it.ledger, lambda: [it.put(settings=dict(edit)) for edit in edits])
    it.beside(meddled).put(settings={"enabled": False})
    settings = it.configuration().settings
    assert (settings.timestamp_path, settings.enabled) == ("body.at", False)


def test_an_edit_that_is_overtaken_again_and_again_is_given_up_and_changes_nothing() -> None:
    it = InMemory()
    it.put()
    switches = iter([True, False] * ATTEMPTS)
    meddled = Meddled(it.ledger, lambda: it.workflow("welcome", active=next(switches)))
    with pytest.raises(ConfigurationMoved):
        it.beside(meddled).put(settings={"enabled": False})
    assert (meddled.appends, it.configuration().settings.enabled) == (ATTEMPTS, True)


class AnswerLost(Meddled):
    """A log whose first answer is lost after the commit, which then looks like a conflict."""

    def append(self, *changes: Change, epoch: int | None = None) -> int:
        position = super().append(*changes, epoch=epoch)
        if self.appends == 1:
            raise Conflict(changes[0].stream)
        return position


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.put(),
        lambda it: it.workflow("welcome"),
        lambda it: it.managing.create_environment(slug="staging", name="Staging", actor=ACTOR),
        lambda it: it.managing.issue_key(name="CI", environment=None, role=None, actor=ACTOR),
        lambda it: it.managing.put_variable(key="KEY", body={"type": "secret", "value": "planted"}, actor=ACTOR),
    ],
)
def test_an_edit_whose_answer_was_lost_is_done_once(ask: Callable[[InMemory], object]) -> None:
    it, plain = InMemory(), InMemory()
    ask(plain)
    process = it.beside(AnswerLost(it.ledger, lambda: None))
    ask(process)
    assert it.ledger.head() == plain.ledger.head()
