"""What all processes share: the database, the event store on it, and the use cases of management."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import attrs

from application.catalogue import Catalogue
from application.forwarding import AccountOf
from application.managing import Managing
from application.ports import Scripts
from application.readmitting import Readmitting
from infrastructure import (
    accounts,
    bodies,
    clocks,
    delivering,
    editing,
    variables,
    verifiers,
    write_keys,
)
from infrastructure.database import Database
from infrastructure.delivering import Outgoing
from infrastructure.discreet_scripts import DiscreetScripts
from infrastructure.event_store.codec import RecordMapper
from infrastructure.event_store.ledger import PostgresLedger
from infrastructure.event_store.recorder import LedgerRecorder
from infrastructure.scripts.sandbox import QuickJsScripts
from infrastructure.settings import Settings
from infrastructure.templates.loading import YamlTemplates
from infrastructure.vault import MasterKeyVault, master_key

RECEIVE = "/integrations/receive/"


def endpoint_url(settings: Settings, token: str) -> str:
    """The public address that ends in a token."""
    return f"{settings.url}{RECEIVE}{token}"


@attrs.frozen(kw_only=True)
class Parts:
    """What the processes share: the database, the event store on it, and the use cases of management."""

    settings: Settings
    database: Database
    mapper: RecordMapper
    ledger: PostgresLedger
    catalogue: Catalogue
    managing: Managing
    templates: YamlTemplates
    scripts: Scripts
    outgoing: Outgoing
    account_of: AccountOf
    readmitting: Readmitting
    vault: MasterKeyVault


@contextmanager
def parts(settings: Settings) -> Iterator[Parts]:
    """Everything over the database of `settings.database_url`, which must be set."""
    assert settings.database_url is not None
    master = master_key(settings.master_key, settings.data_dir)
    database = Database(settings.database_url, master=master)
    try:
        yield _parts(settings, database, MasterKeyVault(master))
    finally:
        database.close()


def _parts(settings: Settings, database: Database, vault: MasterKeyVault) -> Parts:
    mapper = database.mapper
    ledger = PostgresLedger(recorder=database.recorder(LedgerRecorder), mapper=mapper, clock=clocks.system)
    catalogue = _catalogue(settings, ledger, vault)
    templates, scripts = YamlTemplates(), DiscreetScripts(QuickJsScripts())
    outgoing = delivering.outgoing(settings, clocks.system)
    managing = editing.managing(
        store=ledger, catalogue=catalogue, templates=templates, scripts=scripts, vault=vault, outgoing=outgoing
    )
    return Parts(
        settings=settings,
        database=database,
        mapper=mapper,
        ledger=ledger,
        catalogue=catalogue,
        managing=managing,
        templates=templates,
        scripts=scripts,
        outgoing=outgoing,
        account_of=accounts.opener(catalogue, vault),
        readmitting=Readmitting(
            parse=bodies.read,
            make_verifier=verifiers.remembering(verifiers.maker(vault, partial(endpoint_url, settings))),
            variables=catalogue.variables,
            engine=scripts,
        ),
        vault=vault,
    )


def _catalogue(settings: Settings, ledger: PostgresLedger, vault: MasterKeyVault) -> Catalogue:
    return Catalogue(
        store=ledger,
        make_verifier=verifiers.maker(vault, partial(endpoint_url, settings)),
        make_write_key=write_keys.maker(vault),
        covered=verifiers.covered,
        open_variables=variables.opener(vault),
    )
