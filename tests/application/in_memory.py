"""The use cases put together as the composition root does it, but over a log in memory and a clock that stands."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from application.catalogue import Catalogue, ConfigurationHistory
from application.collecting import Collecting
from application.forwarding_edits import ForwardingEdits
from application.judging import Judging
from application.judging_events import JudgingEvents
from application.looking_again import LookingAgain
from application.managing import Managing
from application.pipeline import Pipeline
from application.ports import EventStore
from application.receiving import Receiving
from application.records import Change
from application.secret_edits import SecretEdits
from application.source_edits import SourceEdits
from application.throttling import Throttle
from application.variable_edits import VariableEdits
from application.workflow_edits import WorkflowEdits
from domain import configurations, webhooks
from domain.configurations import Configuration
from domain.json_values import Json
from infrastructure import batch_bodies, bodies, clocks, delivering, variables, verifiers, write_keys
from infrastructure import schemas as json_schemas
from infrastructure.discreet_scripts import DiscreetScripts
from infrastructure.event_store.ledger import MemoryLedger
from infrastructure.script_threads import ScriptThreads
from infrastructure.scripts.sandbox import QuickJsScripts
from infrastructure.settings import Settings
from infrastructure.signatures import schemes
from infrastructure.templates.loading import YamlTemplates
from infrastructure.vault import MasterKeyVault
from tests import examples, memory, scenario

ACTOR = "key-1"
SOURCE = "shop"
VAULT = MasterKeyVault(bytes(32))
TEMPLATES = YamlTemplates()
SCRIPTS = DiscreetScripts(QuickJsScripts())
OUTGOING = delivering.outgoing(Settings(), clocks.system)
LATER: Mapping[str, Any] = {"steps": [{"ref": "later", "type": "delay", "settings": {"seconds": 3600}}]}
"""What a workflow does whose runs are to stay open."""
OPENED: Mapping[str, Any] = {
    "make_verifier": verifiers.maker(VAULT, "https://hooks.example.com/integrations/receive/{}".format),
    "make_write_key": write_keys.maker(VAULT),
    "covered": verifiers.covered,
    "open_variables": variables.opener(VAULT),
}
"""What a catalogue is made with beside its log."""


@attrs.define
class StoppedClock:
    """A clock that shows what it is set to."""

    now: datetime = examples.AT

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Go on, or back, by so many seconds, hours and so on."""
        self.now += timedelta(**by)


class Numbers:
    """Ids and tokens that count up: prefix-1, then prefix-2."""

    def __init__(self, prefix: str) -> None:
        self._numbers = (f"{prefix}-{number}" for number in itertools.count(1))

    def __call__(self) -> str:
        return next(self._numbers)


class InMemory:
    """A gateway with the environments development and production, and no source yet.

    `store` is what the use cases of management are given, the log itself unless a test stands something before it.
    """

    def __init__(self, store: EventStore | None = None, ledger: MemoryLedger | None = None, process: str = "") -> None:
        self.clock = StoppedClock()
        self.ledger = ledger or memory.ledger(self.clock)
        self.catalogue = Catalogue(store=self.ledger, **OPENED)
        self.managing = _managing(store or self.ledger, self.catalogue, self.clock, process)
        self.inbox = memory.MemoryInbox(self.ledger, self.clock)
        self.pipeline = Pipeline(
            inbox=self.inbox,
            configuration_at=ConfigurationHistory(self.ledger).at,
            configuration_of=ConfigurationHistory(self.ledger).of,
            histories=self.ledger.histories,
            parse=bodies.read,
            check_schema=json_schemas.violation,
        )
        self.receiving = Receiving(
            appender=memory.MemoryAppender(self.ledger),
            catalogue=self.catalogue,
            look_again=LookingAgain(self.catalogue),
            judging=Judging(parse=bodies.read, dumps=bodies.dumps, run_script=ScriptThreads(SCRIPTS), clock=self.clock),
            new_id=Numbers(f"{process}webhook"),
            throttle=Throttle(per_second=5, now=lambda: self.clock.now.timestamp()),
        )
        self.collecting = Collecting(
            appender=self.receiving.appender,
            catalogue=self.catalogue,
            look_again=self.receiving.look_again,
            judging=JudgingEvents(judging=self.receiving.judging, event_bytes=1_000),
            parse=bodies.parse,
            read_batch=batch_bodies.read,
            new_id=self.receiving.new_id,
            throttle=self.receiving.throttle,
        )
        for slug, name in (("development", "Development"), ("production", "Production")):
            self.managing.create_environment(slug=slug, name=name, actor=ACTOR)

    def beside(self, store: EventStore | None = None) -> "InMemory":
        """Another process over the same log."""
        return InMemory(store=store, ledger=self.ledger, process="other-")

    def put(self, *, environment: str = "development", key: str = SOURCE, **edit: Json) -> Configuration:
        """Connect a source of one's own, or edit its `settings` and `mappings` in an environment."""
        self.managing.put_source(
            key=key, body={"source": {"name": "Shop", "environment_settings": {environment: edit}}}, actor=ACTOR
        )
        return self.configuration(environment, key)

    def configuration(self, environment: str = "development", key: str = SOURCE) -> Configuration:
        """The configuration as it stands."""
        state: Configuration = self.catalogue.current().state(configurations.stream(key, environment))
        return state

    def workflow(self, key: str, *, active: bool = True, told: Mapping[str, Json] = LATER) -> None:
        """Define a workflow in development."""
        self.managing.define_workflow(
            environment="development", key=key, name=key, active=active, actor=ACTOR, told=told
        )

    def deliver(
        self,
        webhook_id: str,
        body: Mapping[str, Json],
        *,
        environment: str = "development",
        raw: bytes | None = None,
        version: int | None = None,
    ) -> None:
        """Put an accepted request on record at this moment, with `raw` bytes if no body would do."""
        received = scenario.received(
            body, at=self.clock.now, version=version or self.configuration(environment).version
        )
        event = attrs.evolve(received, source=SOURCE, environment=environment, body=raw or received.body)
        self.ledger.append(Change(stream=webhooks.stream(webhook_id), version=0, events=(event,)))

    def decisions(self, webhook_id: str) -> list[Any]:
        """What was decided about a webhook."""
        return [each.event for each in self.ledger.history(webhooks.stream(webhook_id))[1:]]

    def outcome(self, webhook_id: str) -> str:
        """What its last evaluation came to."""
        processed = self.decisions(webhook_id)[-1]
        assert isinstance(processed, webhooks.WebhookProcessed)
        return processed.outcome

    def executed(self) -> list[tuple[str, str]]:
        """Every executed action in the order of the log: the webhook and the type of the action."""
        log = self.ledger.log(after=0, limit=2**31)
        return [
            (webhooks.id_of(each.stream), each.event.action_type)
            for each in log
            if isinstance(each.event, webhooks.ActionExecuted)
        ]


def _managing(store: EventStore, catalogue: Catalogue, clock: StoppedClock, process: str) -> Managing:
    edits = SourceEdits(
        templates=TEMPLATES,
        schemes=schemes,
        scripts=SCRIPTS,
        secrets=SecretEdits(schemes=schemes, vault=VAULT, new_id=Numbers(f"{process}secret")),
        new_id=Numbers(f"{process}mapping"),
        new_token=Numbers(f"{process}token"),
    )
    numbers = itertools.count(1)
    return Managing(
        store=store,
        catalogue=catalogue,
        edits=edits,
        variable_edits=VariableEdits(vault=VAULT),
        workflow_edits=WorkflowEdits(
            renderer=OUTGOING.renderer, sender=OUTGOING.sender, require_schema=json_schemas.require
        ),
        forwarding_edits=ForwardingEdits(sender=OUTGOING.sender, vault=VAULT),
        clock=clock,
        new_id=Numbers(f"{process}id"),
        new_key=lambda prefix: f"{prefix}{process}{next(numbers)}",
    )
