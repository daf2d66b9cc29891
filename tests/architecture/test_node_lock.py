"""The lock of the packages for Node holds for every registry, and for nothing but what was locked."""

import json

from tests import node_clients


def test_the_lock_names_no_registry_and_has_the_digest_of_every_package() -> None:
    packages = json.loads(node_clients.LOCK.read_text())["packages"]
    del packages[""]
    assert len(packages) > 10
    wrong = [name for name, each in packages.items() if "resolved" in each or not each.get("integrity")]
    assert not wrong, f"{wrong}: make the lock anew with the setting omit-lockfile-registry-resolved"
