"""The catalogue: an edit is known from the next look on, and looking costs nothing while nothing was edited."""

import asyncio
import threading
from collections.abc import Callable

from application.catalogue import Catalogue, ConfigurationHistory, Snapshot
from application.errors import Unavailable
from application.looking_again import LookingAgain
from application.records import Change, Recorded
from domain import configurations, sources
from infrastructure.event_store.ledger import MemoryLedger
from tests import examples, memory
from tests.application.in_memory import ACTOR, OPENED, InMemory, StoppedClock

STRIPE = configurations.stream(examples.SOURCE, examples.ENVIRONMENT)


def catalogue(it: InMemory) -> Catalogue:
    """A catalogue of another process, over the same log."""
    return Catalogue(store=it.ledger, **OPENED)


def test_an_empty_log_is_an_empty_catalogue() -> None:
    snapshot = Catalogue(store=memory.ledger(StoppedClock()), **OPENED).current()
    assert (snapshot.epoch, snapshot.states, snapshot.endpoints, snapshot.environments()) == (0, {}, {}, [])


def test_an_edit_is_known_to_every_process_from_its_next_look_on() -> None:
    it = InMemory()
    other = catalogue(it)
    other.current()
    token = it.put().token
    assert token not in other.snapshot.endpoints
    assert other.current().endpoints[token].configuration == it.configuration()
    it.put(settings={"enabled": False})
    assert not other.current().endpoints[token].configuration.settings.enabled


def test_what_is_read_in_one_look_is_what_is_read_in_many() -> None:
    it, steps = InMemory(), []
    step_by_step = catalogue(it)
    for enabled in (True, False, True, False):
        it.put(settings={"enabled": enabled})
        steps.append(step_by_step.current().epoch)
    at_once = catalogue(it).current()
    assert (at_once.states, at_once.versions) == (step_by_step.snapshot.states, step_by_step.snapshot.versions)
    assert steps == sorted(set(steps))


class Hurried(MemoryLedger):
    """A log to which somebody appends after the epoch was read and before the events are."""

    def __init__(self, it: InMemory, edit: Callable[[], object]) -> None:
        super().__init__(recorder=it.ledger.recorder, master=memory.MASTER, clock=it.clock)
        self._edits = iter([edit])

    def category(self, name: str, *, after: int = 0) -> tuple[Recorded, ...]:
        for edit in self._edits:
            edit()
        return super().category(name, after=after)


def test_an_edit_made_during_a_look_is_taken_in_once() -> None:
    it = InMemory()
    it.put(mappings=[])
    hurried = Catalogue(
        store=Hurried(it, lambda: it.put(settings={"enabled": False})),
        **OPENED,
    )
    assert hurried.current().epoch < it.catalogue.current().epoch
    assert hurried.current().states == it.catalogue.current().states
    assert hurried.snapshot.versions == it.catalogue.snapshot.versions


def test_the_epoch_is_the_position_of_the_last_edit_and_of_nothing_else() -> None:
    it = InMemory()
    it.put()
    edited = it.ledger.head()
    it.deliver("1", {})
    assert (it.catalogue.current().epoch, it.ledger.head()) == (edited, edited + 1)


def test_an_endpoint_is_made_anew_only_when_its_configuration_changes() -> None:
    it = InMemory()
    token = it.put().token
    before = it.catalogue.current().endpoints[token]
    it.workflow("welcome")
    assert it.catalogue.current().endpoints[token] is before
    it.put(settings={"enabled": False})
    assert it.catalogue.current().endpoints[token] is not before


def test_a_rotated_token_leads_somewhere_at_once_and_the_old_one_nowhere() -> None:
    it = InMemory()
    old = it.put().token
    rotated = it.managing.rotate_token(source="shop", environment="development", actor=ACTOR)
    assert old not in it.catalogue.snapshot.endpoints
    assert it.catalogue.snapshot.endpoints[rotated.token].configuration == rotated


def test_an_archived_source_receives_nothing_and_its_history_stays() -> None:
    it = InMemory()
    token = it.put().token
    it.managing.archive_source(key="shop", actor=ACTOR)
    snapshot = it.catalogue.current()
    assert (token in snapshot.endpoints, snapshot.sources()) == (False, [])
    assert snapshot.state(sources.stream("shop")).archived_at == examples.AT


def test_environments_are_listed_in_their_order() -> None:
    it = InMemory()
    it.managing.create_environment(slug="alpha", name="Alpha", actor=ACTOR)
    assert [each.slug for each in it.catalogue.snapshot.environments()] == ["development", "production", "alpha"]


def test_the_catalogue_keeps_a_stream_s_state_and_its_version() -> None:
    it = InMemory()
    events = (examples.CONFIGURATION_CREATED, examples.SECRET_ADDED, examples.IDENTIFY_ADDED, examples.TRIGGER_ADDED)
    plain = Catalogue(store=it.ledger, **OPENED)
    it.ledger.append(Change(stream=STRIPE, version=0, events=events))
    snapshot = plain.current()
    assert (snapshot.state(STRIPE), snapshot.version(STRIPE)) == (examples.CONFIGURATION, 4)
    assert (snapshot.state("configuration-none-none"), snapshot.version("configuration-none-none")) == (None, 0)


def test_a_configuration_is_known_as_it_stood_at_each_version() -> None:
    it = InMemory()
    history = ConfigurationHistory(it.ledger)
    first = it.put()
    assert history.at("shop", "development", first.version) == first
    second = it.put(settings={"enabled": False})
    assert history.at("shop", "development", second.version) == second
    assert history.at("shop", "development", first.version) == first


class Watched(Catalogue):
    """A catalogue that counts its looks, and holds the first one until it is told to go on."""

    def __init__(self, it: InMemory) -> None:
        super().__init__(store=it.ledger, **OPENED)
        self.looks, self.failing = 0, False
        self.looking, self.go_on = threading.Event(), threading.Event()

    def current(self) -> Snapshot:
        self.looks += 1
        self.looking.set()
        assert self.go_on.wait(5)
        if self.failing:
            raise Unavailable("the event store cannot be reached")
        return super().current()


async def _crowd(watched: Watched, look_again: LookingAgain) -> list[object]:
    """One who looks, and ten who come while that look is under way."""
    first = asyncio.create_task(look_again())
    await asyncio.to_thread(watched.looking.wait, 5)
    others = [asyncio.create_task(look_again()) for _ in range(10)]
    await asyncio.sleep(0)
    watched.go_on.set()
    return list(await asyncio.gather(first, *others, return_exceptions=True))


def test_those_who_come_during_a_look_share_the_next_one() -> None:
    watched = Watched(InMemory())
    found = asyncio.run(_crowd(watched, LookingAgain(watched)))
    assert watched.looks == 2
    assert set(map(id, found)) == {id(watched.snapshot)}


def test_when_nobody_can_look_everybody_is_told() -> None:
    watched = Watched(InMemory())
    watched.failing = True
    found = asyncio.run(_crowd(watched, LookingAgain(watched)))
    assert watched.looks == 2
    assert [type(each) for each in found] == [Unavailable] * 11


def test_after_a_failure_the_next_one_looks_anew() -> None:
    async def scenario(watched: Watched) -> None:
        look_again = LookingAgain(watched)
        watched.failing = True
        await _crowd(watched, look_again)
        watched.failing = False
        assert (await look_again()).epoch > 0

    asyncio.run(scenario(Watched(InMemory())))


def test_a_snapshot_stays_as_it_was() -> None:
    it = InMemory()
    it.put()
    before = it.catalogue.current()
    epoch, token = before.epoch, next(iter(before.endpoints))
    it.put(settings={"enabled": False})
    assert (before.epoch, before.endpoints[token].configuration.settings.enabled) == (epoch, True)
