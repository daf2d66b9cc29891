"""From what was told of forwarding to the accounts that are called: the newest key at each attempt, opened."""

from application.catalogue import Catalogue
from application.forwarding import AccountOf
from application.forwarding_edits import context
from application.ports import Vault
from domain import forwarding
from domain.forwarding import Account, Forwarding


def opener(catalogue: Catalogue, vault: Vault) -> AccountOf:
    """What tells the account of an environment, as it is at this moment."""

    def account_of(environment: str) -> Account | None:
        told: Forwarding | None = catalogue.current().state(forwarding.stream(environment))
        if told is None:
            return None
        return Account(base_url=told.base_url, api_key=vault.open(told.sealed, context=context(environment)))

    return account_of
