"""From a configuration to its write key, under which clients for events send. Nothing of it is stored anywhere."""

from application.catalogue import MakeWriteKey
from application.ports import Vault
from domain.configurations import Configuration

PREFIX = "wk_"


def maker(vault: Vault) -> MakeWriteKey:
    """What makes the write key of a configuration.

    It follows from the token, so that rotating the one rotates the other, but does not give the token away: a write
    key stands in the code of web sites and apps, the address of a source does not.
    """

    def make(configuration: Configuration) -> str:
        place = f"{configuration.source}/{configuration.environment}/{configuration.token}"
        return PREFIX + vault.derive(f"write-key/{place}")

    return make
