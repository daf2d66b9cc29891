"""What delivers, put together for the composition root: adapters from the settings, and those who work with them."""

import random
import secrets
import ssl
import time
from collections.abc import Callable, Mapping

import attrs

from application.dead_letters import DeadLetters
from application.disabled_targets import DisabledTargets
from application.forwarding import AccountOf, Forwarding
from application.ports import Clock, Executor, Mailer, Renderer, Sender
from application.queries import Forwards, Runs
from application.records import Due
from application.run_contexts import Contexts
from application.running import Running
from application.targets import Targets
from application.workflow_history import WorkflowHistory
from domain.deliveries import Attempt, Email
from domain.json_values import Json
from infrastructure import bodies, clocks, identifiers
from infrastructure.database import Database
from infrastructure.deliverer import Deliverer
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import WorkerRecorder
from infrastructure.outgoing.guard import Guard, system_resolver
from infrastructure.outgoing.http_sender import HttpSender
from infrastructure.outgoing.knock_executor import KnockExecutor
from infrastructure.outgoing.liquid import LiquidRenderer
from infrastructure.outgoing.smtp_sender import SmtpSender
from infrastructure.projections.agenda import PostgresAgenda
from infrastructure.settings import Settings
from infrastructure.views.directory import PostgresDirectory


@attrs.frozen(kw_only=True)
class Outgoing:
    """Everything that leaves the gateway goes through these."""

    renderer: Renderer
    sender: Sender
    mailer: Mailer
    executor: Executor


class NoMailServer:
    """The Mailer where no mail server is set: every e-mail waits for one."""

    def send(self, email: Email) -> Attempt:
        """See the port."""
        message = "HOOKLEDGER_SMTP_URL is not set; name a mail server, such as smtp://user:password@host:587"
        return Attempt(outcome="failed", code="no_mail_server", message=message, milliseconds=0)


def outgoing(settings: Settings, clock: Clock) -> Outgoing:
    """The adapters as the settings want them."""
    trust = ssl.create_default_context()
    guard = Guard(resolve=system_resolver, allowance=settings.allow_private_targets, ports=settings.outgoing_ports)
    return Outgoing(
        renderer=LiquidRenderer(clock),
        sender=HttpSender(guard=guard, trust=trust, clock=clock),
        mailer=_mailer(settings, trust, clock),
        executor=KnockExecutor(guard=guard, trust=trust, clock=clock),
    )


def _mailer(settings: Settings, trust: ssl.SSLContext, clock: Clock) -> Mailer:
    if settings.smtp_url is None:
        return NoMailServer()
    return SmtpSender(server=settings.smtp_url, sender=settings.smtp_sender, trust=trust, clock=clock)


def deliverer(
    database: Database,
    ledger: PostgresLedger,
    mapper: RecordMapper,
    outgoing: Outgoing,
    variables: Callable[[str], Mapping[str, Json]],
    account_of: AccountOf,
) -> Deliverer:
    """What carries runs and forwards on; `variables` opens those of an environment."""
    directory = PostgresDirectory(database.recorder(WorkerRecorder))
    agenda = _agenda(database, mapper)
    running = Running(
        agenda=agenda,
        store=ledger,
        definition_at=WorkflowHistory(ledger).at,
        contexts=Contexts(store=ledger, directory=directory, variables=variables),
        disabled_targets=disabled_targets(ledger),
        renderer=outgoing.renderer,
        sender=outgoing.sender,
        mailer=outgoing.mailer,
        dumps=bodies.dumps,
        clock=clocks.system,
        new_id=identifiers.new_id,
        jitter=random.random,
        sleep=time.sleep,
    )
    forwarding = _forwarding(agenda, ledger, outgoing.executor, account_of)

    def carry_on(due: Due) -> Attempt | None:
        return forwarding.carry_on(due) if due.forward else running.carry_on(due)

    return Deliverer(database=database, agenda=agenda, carry_on=carry_on, targets=Targets(), clock=clocks.system)


def _forwarding(
    agenda: PostgresAgenda, ledger: PostgresLedger, executor: Executor, account_of: AccountOf
) -> Forwarding:
    return Forwarding(
        agenda=agenda,
        store=ledger,
        account_of=account_of,
        executor=executor,
        clock=clocks.system,
        new_id=identifiers.new_id,
        jitter=random.random,
        sleep=time.sleep,
    )


def dead_letters(
    database: Database, ledger: PostgresLedger, mapper: RecordMapper, runs: Runs, forwards: Forwards
) -> DeadLetters:
    """The use cases of dead letters."""
    return DeadLetters(
        store=ledger,
        agenda=_agenda(database, mapper),
        disabled_targets=disabled_targets(ledger),
        runs=runs,
        forwards=forwards,
        clock=clocks.system,
    )


def disabled_targets(ledger: PostgresLedger) -> DisabledTargets:
    """The use cases of disabled targets."""
    return DisabledTargets(store=ledger, clock=clocks.system)


def _agenda(database: Database, mapper: RecordMapper) -> PostgresAgenda:
    owner = secrets.randbelow(2**31 - 1) + 1
    return PostgresAgenda(recorder=database.recorder(WorkerRecorder), mapper=mapper, clock=clocks.system, owner=owner)
