"""The Eraser port: a subject's streams by read models, search and hand, destroyed in one transaction."""

from collections.abc import Sequence

import attrs
from psycopg.sql import SQL, Identifier

from application.erasing import Scope
from application.errors import WebhookUnknown
from application.records import Attribution, Change, Recorded
from domain import erasures, retention, webhooks
from infrastructure.erasing import searching
from infrastructure.erasing.destroying import Destroyed, Destroyer
from infrastructure.erasing.finding import Finder
from infrastructure.erasing.present import Wanted

# Whatever brought them back: a key that is on record as destroyed is nobody's any more.
AGAIN = "DELETE FROM {} WHERE stream = ANY(%s)"


@attrs.frozen(kw_only=True)
class PostgresEraser:
    """See the port."""

    destroyer: Destroyer

    def find(self, scope: Scope) -> set[str]:
        """See the port."""
        told = self._told(scope)
        return self.destroyer.found(lambda finder: _found(finder, scope, told))

    def erase(self, scope: Scope, request: erasures.Request, actor: str) -> None:
        """See the port."""
        told = self._told(scope)
        wanted = Wanted(
            environment=scope.environment,
            because=erasures.stream(request.erasure_id),
            at=request.at,
            but=scope.subject.place,
        )

        def conclude(destroyed: Destroyed) -> Sequence[Change]:
            requested = erasures.decide(None, request)
            complete = erasures.Complete(
                streams=destroyed.streams, restated=destroyed.restated, ended=destroyed.ended, at=request.at
            )
            completed = erasures.decide(erasures.evolve(None, requested[0]), complete)
            return [Change(stream=wanted.because, version=0, events=(*requested, *completed))]

        by = Attribution(actor=actor)
        self.destroyer.destroy(wanted, lambda finder: _found(finder, scope, told), conclude, by)

    def again(self) -> int:
        """See the port."""
        ledger, recorder = self.destroyer.ledger, self.destroyer.recorder
        statement, count = SQL(AGAIN).format(Identifier(recorder.datastore.schema, "data_keys")), 0
        for category in ("erasure", "retention"):
            for recorded in ledger.category(category):
                event = recorded.event
                if isinstance(event, erasures.ErasureCompleted | retention.PayloadsPruned):
                    with recorder.datastore.get_connection() as connection:
                        count += connection.execute(statement, (list(event.streams),)).rowcount
        return count

    def _named(self, scope: Scope) -> set[str]:
        histories = self.destroyer.ledger.histories([webhooks.stream(each) for each in scope.webhooks])
        for webhook_id in scope.webhooks:
            history = histories.get(webhooks.stream(webhook_id))
            if not history or not _belongs(history, scope.environment):
                message = f"webhook {webhook_id!r} does not exist in environment {scope.environment!r}"
                raise WebhookUnknown(message, field="webhooks")
        return set(histories)

    def _told(self, scope: Scope) -> set[str]:
        """What can be found without holding anybody up, and does not change: what is searched for and what is named."""
        return self._named(scope) | searching.streams_with(self.destroyer.ledger, scope.environment, scope.texts)


def _belongs(history: Sequence[Recorded], environment: str) -> bool:
    return isinstance(history[0].event, webhooks.Receipt) and history[0].event.environment == environment


def _found(finder: Finder, scope: Scope, told: set[str]) -> set[str]:
    return finder.belonging(scope.environment, told | finder.concerning(scope.environment, scope.subject))
