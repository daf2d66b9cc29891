"""The settings of what leaves, and what the doctor says of them."""

import pytest

from infrastructure import doctor, settings
from infrastructure.outgoing.addresses import Allowance


def test_nothing_private_may_be_reached_unless_it_is_set() -> None:
    given = settings.load({})
    assert (given.allow_private_targets, given.outgoing_ports) == ("none", (range(80, 81), range(443, 444)))


def test_ports_are_single_ones_and_ranges() -> None:
    given = settings.load({"HOOKLEDGER_OUTGOING_PORTS": "443,8000-8099"})
    assert given.outgoing_ports == (range(443, 444), range(8000, 8100))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOW_PRIVATE_TARGETS", "yes"),
        ("OUTGOING_PORTS", "all"),
        ("OUTGOING_PORTS", "0"),
        ("OUTGOING_PORTS", "80,"),
        ("OUTGOING_PORTS", "90-80"),
        ("OUTGOING_PORTS", "1-2-3"),
        ("OUTGOING_PORTS", "65536"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_SENDER", "nobody"),
        ("SMTP_SENDER", "a@example.com, b@example.com"),
    ],
)
def test_a_value_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(settings.SettingRefused, match=f"HOOKLEDGER_{name}: .* must be"):
        settings.load({f"HOOKLEDGER_{name}": value})


def test_a_refused_mail_server_does_not_show_its_password() -> None:
    with pytest.raises(settings.SettingRefused) as refused:
        settings.load({"HOOKLEDGER_SMTP_URL": "smtp://ann:hunter2@mail.example.com?tls=1"})
    assert "hunter2" not in str(refused.value)


def test_settings_do_not_show_the_password_of_the_mail_server() -> None:
    assert "hunter2" not in repr(settings.load({"HOOKLEDGER_SMTP_URL": "smtp://ann:hunter2@mail.example.com"}))


@pytest.mark.parametrize(
    ("allowance", "grade", "words"),
    [
        ("none", "ok", "public addresses only"),
        ("loopback", "warning", "this machine itself"),
        ("private", "warning", "private networks"),
    ],
)
def test_the_doctor_warns_of_what_may_be_reached(allowance: Allowance, grade: str, words: str) -> None:
    finding = doctor.reach(allowance)
    assert finding.grade == grade
    assert words in finding.words
