"""Erasing: make everything on record about a user, object or tenant unreadable, and keep a certificate of it."""

from collections.abc import Sequence
from functools import reduce
from typing import Protocol

import attrs

from application import managing
from application.catalogue import Catalogue
from application.ports import Clock, EventStore, NewId, Vault
from application.records import Recorded
from domain import erasures, errors, streams, webhooks
from domain.erasures import Subject

LONGEST_SEARCH = 20
SHORTEST_TEXT = 4


class SearchRefused(errors.Refused):
    """What is searched for would be found nearly everywhere, or nowhere."""


@attrs.frozen(kw_only=True)
class Scope:
    """What is to be erased: what concerns the subject, what holds one of these texts, and these webhooks."""

    environment: str
    subject: Subject
    texts: Sequence[str] = ()
    webhooks: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class Preview:
    """How many streams an erasure would destroy, by category, such as webhook and run; and which webhooks."""

    counts: dict[str, int]
    webhooks: Sequence[str]


@attrs.frozen(kw_only=True)
class Certificate:
    """An erasure as it is on record. `completed` is its last event, with its place in the log and its digest."""

    requested: erasures.ErasureRequested
    done: erasures.ErasureCompleted
    completed: Recorded


class Eraser(Protocol):
    """Finds what is to be erased, and destroys its keys."""

    def find(self, scope: Scope) -> set[str]:
        """The streams that would be destroyed now. Raises WebhookUnknown."""

    def erase(self, scope: Scope, request: erasures.Request, actor: str) -> None:
        """Destroy them, with the events of the erasure: all or nothing. Raises SubjectUnknown, PayloadUnencrypted."""

    def again(self) -> int:
        """Destroy what was destroyed before and is there again, as after a restored backup; how many keys that were."""


@attrs.frozen(kw_only=True)
class Erasing:
    """The use cases."""

    eraser: Eraser
    store: EventStore
    catalogue: Catalogue
    vault: Vault
    clock: Clock
    new_id: NewId

    def preview(self, scope: Scope) -> Preview:
        """What an erasure would destroy."""
        self._check(scope)
        found = sorted(self.eraser.find(scope))
        counts = dict.fromkeys(("webhook", "run", "forward", "bulk", "entity"), 0)
        for stream in found:
            counts[streams.category(stream)] += 1
        ids = [webhooks.id_of(each) for each in found if streams.category(each) == "webhook"]
        return Preview(counts=counts, webhooks=ids)

    def erase(self, scope: Scope, *, reason: str, actor: str) -> Certificate:
        """Erase, and return the certificate. Raises Refused for what cannot be, SubjectUnknown for who is not there."""
        self._check(scope)
        erasure_id = self.new_id()
        request = erasures.Request(
            erasure_id=erasure_id,
            environment=scope.environment,
            subject=scope.subject,
            digest=self.digest(scope.environment, scope.subject),
            reason=reason,
            searched=len(scope.texts),
            at=self.clock(),
        )
        erasures.decide(None, request)  # refused at once rather than after a long search
        self.eraser.erase(scope, request, actor)
        certificate = self.certificate(erasure_id)
        assert certificate is not None
        return certificate

    def again(self) -> int:
        """Destroy again what a restored backup brought back of what is on record as destroyed."""
        return self.eraser.again()

    def certificate(self, erasure_id: str) -> Certificate | None:
        """The certificate of an erasure; None if there is none."""
        return _certificate(self.store.history(erasures.stream(erasure_id)))

    def certificates(self, environment: str | None, subject: Subject | None = None) -> list[Certificate]:
        """All of them, the latest first; only those of an environment, or of a subject in it."""
        digest = self.digest(environment, subject) if environment is not None and subject is not None else None
        histories: dict[str, list[Recorded]] = {}
        for recorded in self.store.category("erasure"):
            histories.setdefault(recorded.stream, []).append(recorded)
        found = [each for each in map(_certificate, histories.values()) if each is not None]
        return [
            each
            for each in reversed(found)
            if environment in (None, each.requested.environment) and digest in (None, each.requested.subject)
        ]

    def digest(self, environment: str, subject: Subject) -> str:
        """What stands for a subject on record: nobody without the master key can make it or undo it."""
        return self.vault.derive("\0".join(("erasure", environment, *subject.place)))

    def _check(self, scope: Scope) -> None:
        managing.require_environment(self.catalogue.current(), scope.environment)
        if len(scope.texts) > LONGEST_SEARCH:
            raise SearchRefused(f"search has {len(scope.texts)} texts; at most {LONGEST_SEARCH}", field="search")
        for text in scope.texts:
            if len(text) < SHORTEST_TEXT:
                raise SearchRefused(
                    f"search has a text of {len(text)} characters; it must have {SHORTEST_TEXT} at least, "
                    "since everything that holds it is erased",
                    field="search",
                )


def retention_days(catalogue: Catalogue) -> dict[str, int]:
    """For how many days each environment keeps payloads; those that keep them for ever are left out."""
    kept = ((each.slug, each.payload_days) for each in catalogue.current().environments())
    return {slug: days for slug, days in kept if days is not None}


def _certificate(history: Sequence[Recorded]) -> Certificate | None:
    state: erasures.Erasure | None = None
    state = reduce(_evolved, history, state)
    if state is None or state.completed is None:
        return None
    return Certificate(requested=state.requested, done=state.completed, completed=history[-1])


def _evolved(state: erasures.Erasure | None, recorded: Recorded) -> erasures.Erasure | None:
    assert isinstance(recorded.event, erasures.Event)
    return erasures.evolve(state, recorded.event)
