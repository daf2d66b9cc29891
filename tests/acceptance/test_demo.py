"""`hookledger demo` against a running gateway: what a newcomer sees, the first time and the second."""

import re
import subprocess
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from tests import databases, gateways
from tests.gateways import COMMAND, Gateway

WIDTH = 100
TOOK = 60
SKIPPED = "id is required, but body.user_id leads to nothing in this webhook; the nearest that exists is body.userId"

EVENTS = [
    ("demo-stripe", "customer.created", "executed", "executed", "verified", "1"),
    ("demo-stripe", "customer.created", "duplicate", "replayed", "verified", "0"),
    ("demo-stripe", "invoice.paid", "executed", "executed", "verified", "1"),
    ("demo-stripe", "-", "rejected", "-", "failed", "0"),
    ("demo-shopify", "customers/create", "executed", "executed", "verified", "1"),
    ("demo-shopify", "orders/create", "executed", "executed", "verified", "1"),
    ("demo-shopify", "carts/update", "unmapped", "executed", "verified", "0"),
    ("demo-clerk", "user.created", "executed", "executed", "verified", "1"),
    ("demo-clerk", "organization.created", "executed", "executed", "verified", "1"),
    ("demo-custom", "user.identified", "executed", "executed", "verified", "1"),
    ("demo-custom", "user.identified", "partially_executed", "executed", "verified", "1"),
    ("demo-custom", "ticket.opened", "executed", "executed", "verified", "2"),
    ("demo-legacy", "document-shared", "executed", "disabled", "unverified", "1"),
]
ACTIONS = [
    ("demo-stripe", "customer.created", "users_identify", "success", "cus_mira (Mira Jansen)"),
    ("demo-stripe", "invoice.paid", "workflows_trigger", "success", "demo-welcome for cus_mira"),
    ("demo-shopify", "customers/create", "users_identify", "success", "7061224390946 (Jonas Lind)"),
    ("demo-shopify", "orders/create", "workflows_trigger", "success", "demo-welcome for 7061224390946"),
    ("demo-clerk", "user.created", "users_identify", "success", "user_dayo (Dayo Okafor)"),
    ("demo-clerk", "organization.created", "tenants_set", "success", "org_acme (Acme)"),
    ("demo-custom", "user.identified", "users_identify", "success", "u-17 (Noor Haddad)"),
    ("demo-custom", "user.identified", "users_identify", "skipped", SKIPPED),
    ("demo-custom", "ticket.opened", "objects_set", "success", "tickets/t-9 (No ink)"),
    ("demo-custom", "ticket.opened", "workflows_trigger", "success", "demo-welcome for u-17"),
    ("demo-legacy", "document-shared", "workflows_trigger", "success", "demo-welcome for u-17"),
]

Ran: TypeAlias = "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def gateway(postgres_url: str) -> Iterator[Gateway]:
    with databases.fresh_database(postgres_url) as url, gateways.running(url) as running:
        yield running


@pytest.fixture(scope="module", params=["the first time", "the second time"])
def shown(gateway: Gateway) -> Ran:
    return demo("--url", gateway.url, "--token", gateway.token)


def demo(*arguments: str, **settings: str) -> Ran:
    return subprocess.run(
        [*COMMAND, "demo", *arguments],
        env=gateways.environment(None, settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=TOOK,
    )


def table(shown: Ran, title: str) -> list[tuple[str, ...]]:
    """The rows under `title`, what was wrapped in the last column put together again."""
    lines = shown.stdout.split(f"\n{title}", 1)[1].split("\n\n", 1)[0].splitlines()
    rows: list[tuple[str, ...]] = []
    for line in lines[3:]:
        if line.startswith(" "):
            rows[-1] = (*rows[-1][:-1], f"{rows[-1][-1]} {line.strip()}")
        else:
            rows.append(tuple(re.split(r" {2,}", line.strip())))
    return rows


def test_it_succeeds_without_a_word_on_stderr(shown: Ran) -> None:
    assert (shown.returncode, shown.stderr) == (0, "")


def test_the_event_log_has_every_outcome(shown: Ran) -> None:
    assert [row[1:] for row in table(shown, "Event log")] == EVENTS


def test_the_action_log_says_what_was_done_and_why_something_was_not(shown: Ran) -> None:
    assert table(shown, "Action log") == ACTIONS


def test_it_is_plain_text_within_100_columns(shown: Ran) -> None:
    assert "\x1b" not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= WIDTH


def test_what_it_proposes_to_try_works(shown: Ran, gateway: Gateway) -> None:
    proposed = re.findall(r"curl .*?(http[^\s']+)", shown.stdout)
    assert len(proposed) == 4
    assert all(gateway.client.get(url).status_code == 200 for url in proposed)


def test_it_does_not_show_the_token(shown: Ran, gateway: Gateway) -> None:
    assert gateway.token not in shown.stdout


def test_a_wrong_token_is_told_in_one_line(gateway: Gateway) -> None:
    assert refusal(demo("--url", gateway.url, "--token", "hl_st_of_another_server")).startswith(
        f"hookledger: {gateway.url} does not know this token; "
    )


def test_a_server_that_is_away_is_told_in_one_line() -> None:
    url = f"http://127.0.0.1:{gateways.free_port()}"
    assert refusal(demo("--url", url, "--token", "hl_st_any")).startswith(f"hookledger: no answer from {url} ")


def test_without_any_token_it_says_where_one_is_to_be_found(gateway: Gateway) -> None:
    with databases.server_directory() as directory:
        assert f"keeps it in {directory}/admin.token" in refusal(demo("--url", gateway.url, data_dir=str(directory)))


def test_it_finds_the_token_that_serve_kept(database_url: str) -> None:
    with (
        databases.server_directory() as directory,
        gateways.running(database_url, admin_token="", data_dir=str(directory)) as gateway,
    ):
        file = directory / "admin.token"
        assert file.stat().st_mode & 0o777 == 0o600
        assert f"Admin token, shown this once: {file.read_text()}" in gateway.log_text()
        shown = demo(data_dir=str(directory), port=gateway.url.rpartition(":")[2])
        assert (shown.returncode, len(table(shown, "Event log"))) == (0, len(EVENTS))
        assert f"$(cat '{file}')" in shown.stdout


def test_a_kept_token_is_not_sent_to_other_machines() -> None:
    with databases.server_directory() as directory:
        (directory / "admin.token").write_text("hl_st_of_this_machine\n")
        assert "an admin token is needed" in refusal(demo("--url", "http://192.0.2.1", data_dir=str(directory)))


def refusal(shown: Ran) -> str:
    """The one line of a demo that was refused."""
    lines = shown.stderr.splitlines()
    assert (shown.returncode, shown.stdout, len(lines)) == (1, "", 1)
    return lines[0]
