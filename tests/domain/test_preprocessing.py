"""Preprocessing: the primary addresses of a Clerk user, and nothing where there are none."""

import pytest

from domain import preprocessing
from domain.json_values import Json

USER: dict[str, Json] = {
    "first_name": "Noor",
    "last_name": "Haddad",
    "primary_email_address_id": "idn_2",
    "email_addresses": [
        {"id": "idn_1", "email_address": "old@example.com"},
        {"id": "idn_2", "email_address": "noor@example.com"},
    ],
    "primary_phone_number_id": "idn_3",
    "phone_numbers": [{"id": "idn_3", "phone_number": "+442079460123"}],
}


def clerk(**changes: Json) -> dict[str, Json]:
    return preprocessing.clerk({"type": "user.created", "data": {**USER, **changes}})


def test_a_clerk_user_has_one_name_and_its_primary_addresses() -> None:
    assert clerk() == {"name": "Noor Haddad", "email": "noor@example.com", "phone": "+442079460123"}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Noor", None, "Noor"), (None, "Haddad", "Haddad"), ("", "Haddad", "Haddad"), (7, "Haddad", "Haddad")],
)
def test_a_name_is_what_there_is_of_it(first: Json, last: Json, name: str) -> None:
    assert clerk(first_name=first, last_name=last)["name"] == name


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"first_name": None, "last_name": ""}, "name"),
        ({"primary_email_address_id": None}, "email"),
        ({"primary_email_address_id": "idn_9"}, "email"),
        ({"email_addresses": []}, "email"),
        ({"email_addresses": None}, "email"),
        ({"email_addresses": "noor@example.com"}, "email"),
        ({"email_addresses": ["noor@example.com", None]}, "email"),
        ({"email_addresses": [{"id": "idn_2"}]}, "email"),
        ({"phone_numbers": {"id": "idn_3"}}, "phone"),
    ],
)
def test_what_is_not_there_is_left_out(changes: dict[str, Json], missing: str) -> None:
    assert set(clerk(**changes)) == {"name", "email", "phone"} - {missing}


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": "user"}])
def test_a_body_without_a_user_gives_nothing(body: dict[str, Json]) -> None:
    assert preprocessing.clerk(body) == {}
