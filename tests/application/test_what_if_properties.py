"""Whatever the history: what a configuration made of it, the same configuration makes of it again, to the field.

Histories are generated: twelve actions on few things, with duplicates, partial failures, deletions, cancellations,
workflows that come and go, and webhooks that were evaluated more than once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import hypothesis
from hypothesis import strategies as st

from application.catalogue import ConfigurationHistory
from application.passages import Member, Passage, Result
from application.pipeline import Pipeline
from application.readmitting import Readmitting
from application.recollecting import Recollection
from application.records import Change, Recorded
from application.simulating import Means, Simulation
from domain import audiences, configurations, webhooks, workflows
from domain.actions import catalogue
from domain.configurations import MappingAdded
from domain.settings import LONGEST_WINDOW
from domain.webhooks import Pin, WebhookProcessed
from infrastructure import bodies, schemas
from infrastructure.event_store.codec import dumps
from infrastructure.event_store.ledger import MemoryLedger
from infrastructure.projections.rebuilding import Groups
from tests import examples, histories, memory, replaying
from tests.histories import ENVIRONMENT, SOURCE

FEW = st.sampled_from
PEOPLE = FEW(["ann", "ben", "cleo", "bad\0id", {"id": "dan", "name": "Dan"}, {"collection": "projects", "id": "p1"}])
IDS = FEW(["ann", "ben", "cleo", "p1", "acme", None, 7, "bad\0id"])
KEYS = FEW(["welcome", "sleepy", "beta"])


def clock() -> Any:
    """Time stands still."""
    return examples.AT


DATA: Any = st.fixed_dictionaries(
    {
        "id": IDS,
        "name": FEW(["A", "B", None, 5]),
        "collection": FEW(["projects", "teams"]),
        "object_id": FEW(["p1", "ann", None]),
        "recipients": st.lists(PEOPLE, min_size=1, max_size=3),
        "members": st.lists(FEW(["ann", "ben"]), min_size=1, max_size=2),
        "key": KEYS,
        "cancellation_key": FEW(["c1", "c2"]),
        "create_audience": FEW([True, None]),
        "properties": FEW([{"n": 1}, {"n": True}, {"n": 1.0}, None]),
        "data": FEW([{"n": 1}, {}, "no object"]),
    }
)
COMBOS: Mapping[str, Sequence[str]] = {
    "joined": ("users_identify", "objects_subscribe", "audiences_add_member"),
    "ordered": ("users_identify", "workflows_trigger"),
    "gone": ("users_delete", "workflows_cancel", "objects_unsubscribe"),
    **{action_type: (action_type,) for action_type in catalogue.ACTIONS},
}
WEBHOOK = st.tuples(st.just("webhook"), FEW(sorted(COMBOS)), FEW(["k1", "k2", "k3", None]), DATA)
EDIT = st.tuples(st.just("edit"), FEW(["welcome", "sleepy"]), FEW(["on", "off", "steps", "schema"]), st.none())
AUDIENCE = st.tuples(st.just("audience"), st.none(), st.none(), st.none())
CONFIGURE = st.tuples(st.just("configure"), FEW(sorted(COMBOS)), FEW(sorted(catalogue.ACTIONS)), st.none())
AGAIN = st.tuples(st.just("again"), st.integers(0, 30), st.booleans(), st.none())
SETTLE = st.tuples(st.just("settle"), st.integers(1, 4), st.none(), st.none())
STEPS = st.lists(
    st.one_of(WEBHOOK, WEBHOOK, WEBHOOK, EDIT, AUDIENCE, CONFIGURE, AGAIN, SETTLE), min_size=4, max_size=25
)


class History:
    """A log in memory, with a worker that settles it when it is told to."""

    def __init__(self) -> None:
        self.ledger: MemoryLedger = memory.ledger(clock)
        self.configured = ConfigurationHistory(self.ledger)
        self.inbox = memory.MemoryInbox(self.ledger, clock)
        self.versions: dict[str, int] = {}
        self.sent = 0
        added = [_mapped(name, action_type) for name, all_of in COMBOS.items() for action_type in all_of]
        created = histories.CONFIGURED[0]
        self.append(configurations.stream(SOURCE, ENVIRONMENT), created, *added)
        for key in ("welcome", "sleepy"):
            self.append(workflows.stream(ENVIRONMENT, key), histories.defined(key, active=key == "welcome"))

    def append(self, stream: str, *events: object) -> None:
        """Put events on record."""
        version = self.versions.get(stream, 0)
        self.ledger.append(Change(stream=stream, version=version, events=events))
        self.versions[stream] = version + len(events)

    def settle(self, page: int = 500) -> None:
        """Let the worker take everything in."""
        worker = Pipeline(
            inbox=self.inbox,
            configuration_at=self.configured.at,
            configuration_of=self.configured.of,
            histories=self.ledger.histories,
            parse=bodies.read,
            check_schema=schemas.violation,
            page=page,
        )
        while worker.run_once():
            pass
        assert self.inbox.parked == {}

    def configure(self, name: str, action_type: str) -> None:
        """Map one more action."""
        version = self.versions[configurations.stream(SOURCE, ENVIRONMENT)]
        mapping = attrs.evolve(_mapped(name, action_type), mapping_id=f"{name}/{action_type}/{version}")
        self.append(configurations.stream(SOURCE, ENVIRONMENT), mapping)

    def receive(self, event_type: str, key: str | None, data: Mapping[str, Any]) -> None:
        """A webhook comes in."""
        self.sent += 1
        version = self.versions[configurations.stream(SOURCE, ENVIRONMENT)]
        body = dumps({"type": event_type, "key": key, "data": data})
        received = histories.received(body, self.sent, version=version)
        self.append(webhooks.stream(f"w{self.sent:03d}"), received)

    def again(self, number: int, force: bool) -> None:
        """Somebody wants a webhook evaluated once more, if there is one that is settled."""
        stream = webhooks.stream(f"w{number:03d}")
        history = self.ledger.history(stream)
        if not history or not isinstance(last := history[-1].event, WebhookProcessed):
            return
        version = self.versions[configurations.stream(SOURCE, ENVIRONMENT)]
        self.versions[stream] = len(history)
        asked = attrs.evolve(
            examples.EVALUATION_REQUESTED,
            evaluation=last.evaluation + 1,
            source=SOURCE,
            environment=ENVIRONMENT,
            pin=Pin(environment=ENVIRONMENT, version=version),
            mappings=None,
            force=force,
        )
        self.append(stream, asked)

    def edit(self, key: str, what: str) -> None:
        """A workflow is edited."""
        stream = workflows.stream(ENVIRONMENT, key)
        steps = attrs.evolve(examples.WORKFLOW_STEPS_CHANGED, environment=ENVIRONMENT, key=key)
        schema = {"type": "object", "required": ["n"]}
        event: Any = {
            "on": workflows.WorkflowActivated(environment=ENVIRONMENT, key=key, activated_at=examples.AT),
            "off": workflows.WorkflowDeactivated(environment=ENVIRONMENT, key=key, deactivated_at=examples.AT),
            "steps": attrs.evolve(steps, trigger_data_schema=None),
            "schema": attrs.evolve(steps, trigger_data_schema=schema),
        }[what]
        self.append(stream, event)

    def define_audience(self) -> None:
        """An audience is defined."""
        stream = audiences.stream(ENVIRONMENT, "beta")
        if stream not in self.versions:
            defined = attrs.evolve(examples.AUDIENCE_DEFINED, environment=ENVIRONMENT, key="beta")
            self.append(stream, defined)

    def log(self) -> Sequence[Recorded]:
        """Everything on record."""
        return self.ledger.log(after=0, limit=2**31)

    def members(self, chosen: Sequence[int] | None = None) -> dict[str, Member]:
        """The webhooks of a slice: all, or those of these numbers."""
        found: dict[str, int] = {}
        for each in self.log():
            if isinstance(each.event, WebhookProcessed):
                found[each.stream] = each.event.evaluation
        return {
            stream: Member(webhook_id=webhooks.id_of(stream), evaluations=evaluations)
            for stream, evaluations in found.items()
            if chosen is None or int(stream[-3:]) in chosen
        }

    def what_if(self, pin: Pin | None, chosen: Sequence[int] | None = None) -> list[Result]:
        """Run a configuration over a slice."""
        readmitting = Readmitting(
            parse=bodies.read,
            make_verifier=replaying.no_verifier,
            variables=replaying.no_variables,
            engine=None,  # type: ignore[arg-type]
        )
        recollection = Recollection(
            source=SOURCE,
            environment=ENVIRONMENT,
            check_schema=schemas.violation,
            keeps_facts=True,
            window=LONGEST_WINDOW,
        )
        means = Means(parse=bodies.read, readmitting=readmitting, configuration_of=self.configured.of)
        simulation = Simulation(means=means, recollection=recollection, pin=pin)
        simulation.expect(self.members(chosen))
        groups = Groups()
        entries = [*groups.entries(self.log()), *groups.rest()]
        passages = [Passage(stream=each.stream, recorded=each.recorded, decisions=each.decisions) for each in entries]
        return [result for passage in passages for result in simulation.take(passage)] + list(simulation.rest())


def _mapped(event_type: str, action_type: str) -> MappingAdded:
    literals = {"key": "welcome"} if action_type.startswith("workflows_") else {}
    return histories.mapped(event_type, action_type, **literals)


def lived(steps: Sequence[Any]) -> History:
    """The history that these steps make."""
    history = History()
    for kind, first, second, data in steps:
        match kind:
            case "webhook":
                history.receive(first, second, data)
            case "edit":
                history.edit(first, second)
            case "audience":
                history.define_audience()
            case "configure":
                history.configure(first, second)
            case "again":
                history.again(first, second)
            case _:
                history.settle(first)
    history.settle()
    return history


@hypothesis.given(STEPS)
@hypothesis.settings(max_examples=150, deadline=None)
def test_under_the_configurations_that_judged_it_no_history_differs(steps: Sequence[Any]) -> None:
    history = lived(steps)
    results = history.what_if(None)
    assert len(results) == len(history.members())
    assert [each for each in results if each.changes] == []


@hypothesis.given(st.lists(st.one_of(WEBHOOK, WEBHOOK, EDIT, AUDIENCE, SETTLE, AGAIN), min_size=4, max_size=20))
@hypothesis.settings(max_examples=80, deadline=None)
def test_under_the_one_configuration_that_there_was_no_history_differs(steps: Sequence[Any]) -> None:
    history = lived(steps)
    version = history.versions[configurations.stream(SOURCE, ENVIRONMENT)]
    results = history.what_if(Pin(environment=ENVIRONMENT, version=version))
    assert [each for each in results if each.changes] == []


@hypothesis.given(st.lists(st.one_of(WEBHOOK, SETTLE), min_size=8, max_size=30), st.sets(st.integers(1, 20)))
@hypothesis.settings(max_examples=80, deadline=None)
def test_what_lies_outside_of_a_slice_stands_as_it_was(steps: Sequence[Any], others: set[int]) -> None:
    history = lived(steps)
    chosen = [number for number in range(1, history.sent + 1) if number not in others]
    results = history.what_if(None, chosen)
    assert {each.webhook_id for each in results} == {each.webhook_id for each in history.members(chosen).values()}
    assert [each for each in results if each.changes] == []


def test_what_others_did_is_known_and_what_they_did_not_is_not() -> None:
    """Of three webhooks, the first and the last make and delete a user; only the deletion is in the slice."""
    history = History()
    ann: dict[str, Any] = {"id": "ann", "recipients": ["ann"], "key": "welcome"}
    for event_type in ("users_identify", "workflows_trigger", "users_delete", "workflows_trigger"):
        history.receive(event_type, None, ann)
    history.settle()
    results = history.what_if(None, [2, 4])
    assert [each.changes for each in results] == [(), ()]
    [reached, unknown] = (history.ledger.history(webhooks.stream(name)) for name in ("w002", "w004"))
    assert reached[-2].event.result["recipients"]  # type: ignore[attr-defined]
    assert not unknown[-2].event.result["recipients"]  # type: ignore[attr-defined]
