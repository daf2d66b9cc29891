"""What a plan says of each difference, and what it sends for it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain.errors import Refused
from domain.verification import Verification
from interfaces.cli.source_files import planning, pushing, reading, rendering
from interfaces.cli.source_files.planning import Plan
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.server_state import ServerState
from interfaces.cli.source_files.source_planning import SourcePlanning
from interfaces.cli.yaml_files.marks import EditedMeanwhile
from tests.interfaces import server_shapes
from tests.interfaces.server_shapes import environment, mapping, source, state, variable

SECRET = "a-signing-secret-that-ends-in-wxyz"
REFERENCE = Reference("env", "HOOKLEDGER_SECRET_CRM_PRODUCTION")
IDENTIFY = mapping("user.created", "users_identify", id="body.id", email="body.email")
HEAD = "name: Source crm\ntemplate: custom_http\n"
WITH_SECRET = """
    secrets:
      signing_secret: {env: HOOKLEDGER_SECRET_CRM_PRODUCTION}
"""


def accepts(verification: Verification, secret: str = "") -> None:
    """A server's check that refuses nothing."""


def crm(production: str) -> dict[str, str]:
    """The file of a source with this in production."""
    return {"crm.yaml": f"{HEAD}environments:\n  production:{production}"}


def plan(
    files: Mapping[str, str],
    server: ServerState,
    *,
    secret: str | None = SECRET,
    prune: bool = False,
    check_secret: Callable[[Verification, str], None] = accepts,
) -> Plan:
    wanted = reading.read(files, accepts)
    secrets = {} if secret is None else {REFERENCE: secret, Reference("env", "PLAN"): secret}
    return planning.plan(
        wanted, server, SourcePlanning(state=server, secrets=secrets, check_secret=check_secret), prune=prune
    )


def shown(told: Plan) -> list[str]:
    return [line.plain for line in rendering.plan(told)]


def the_crm(*mappings: Any, hint: str | None = None, version: int = 1, **settings: Any) -> Any:
    given = {**server_shapes.TEMPLATES["custom_http"], **settings}
    return source("crm", production=environment(given, mappings, hint=hint, version=version))


def body(told: Plan) -> Any:
    [change] = told.sources
    return change.body({REFERENCE: SECRET})["source"]["environment_settings"]["production"]


def test_a_new_source_is_told_with_all_that_it_gets() -> None:
    files = crm(
        """
    settings:
      idempotency_key_path: body.id
    secrets:
      signing_secret: {env: HOOKLEDGER_SECRET_CRM_PRODUCTION}
    mappings:
      - on: user.created
        do: users_identify
        with: {id: body.id}
"""
    )
    assert shown(plan(files, state())) == [
        "+ crm (created)",
        "    + made from the template custom_http",
        '    ~ name: null → "Source crm"',
        "    production",
        '      ~ idempotency_key_path: null → "body.id"',
        '      + mapping on user.created do users_identify with {"id": "body.id"}',
        "      + secret signing_secret: will be set from $HOOKLEDGER_SECRET_CRM_PRODUCTION",
        "1 created.",
    ]


def test_each_difference_has_a_line_and_goes_with_its_colour() -> None:
    before = the_crm(IDENTIFY, mapping("user.gone", "users_delete", id="body.id"), timestamp_path="body.at")
    files = crm(
        """
    settings:
      enforce_verification: true
    mappings:
      - on: user.created
        do: users_identify
        with: {id: body.id, email: body.mail, name: body.name}
        active: false
"""
    )
    told = [(line.plain, str(line.style)) for line in rendering.plan(plan(files, state(before)))]
    assert told[2:] == [
        ('      ~ timestamp_path: "body.at" → null', "yellow"),
        ("      ~ enforce_verification: false → true", "yellow"),
        ("      - mapping on user.gone do users_delete", "red"),
        ('      ~ mapping on user.created do users_identify: with.email: "body.email" → "body.mail"', "yellow"),
        ('      + mapping on user.created do users_identify: with.name: "body.name"', "green"),
        ("      ~ mapping on user.created do users_identify: active: true → false", "yellow"),
        ("1 changed.", "bold"),
    ]


def test_only_what_differs_is_sent() -> None:
    before = the_crm(IDENTIFY, timestamp_path="body.at")
    files = crm("\n    settings: {enabled: false, timestamp_path: body.at}\n")
    assert body(plan(files, state(before))) == {
        "settings": {"enabled": False, "verification": {"scheme": "shared_header"}}
    }


def test_a_new_source_without_mappings_does_not_get_those_of_its_template() -> None:
    assert body(plan(crm("\n    mappings: []\n"), state())) == {"settings": {}, "mappings": []}


def test_the_order_of_mappings_is_no_difference() -> None:
    other = mapping("user.gone", "users_delete", id="body.id")
    files = crm(
        """
    mappings:
      - {on: user.gone, do: users_delete, with: {id: body.id}}
      - {on: user.created, do: users_identify, with: {email: body.email, id: body.id}}
"""
    )
    assert plan(files, state(the_crm(IDENTIFY, other))).is_empty


def test_constants_of_different_types_differ() -> None:
    before = the_crm(mapping("a", "users_identify", id={"value": 1}))
    for value in ("true", "1.0"):
        files = crm(f"\n    mappings: [{{on: a, do: users_identify, with: {{id: {{value: {value}}}}}}}]\n")
        assert plan(files, state(before)).differs


def test_a_script_is_told_by_its_lines() -> None:
    before = {"language": "javascript", "source": "function main() {\n  return {a: 1}\n}\n"}
    files = {
        **crm("\n    settings: {preprocess_script: {file: ours.js}}\n"),
        "ours.js": "function main() {\n  return {a: 2}\n}\n",
    }
    told = plan(files, state(the_crm(preprocess_script=before)))
    assert shown(told)[2:-1] == [
        "      ~ preprocess_script:",
        "            function main() {",
        "      -       return {a: 1}",
        "      +       return {a: 2}",
        "            }",
    ]
    assert body(told)["settings"]["preprocess_script"] == {"language": "javascript", "source": files["ours.js"]}
    assert body(told)["settings"]["verification"] == {"scheme": "shared_header"}


@pytest.mark.parametrize(
    ("hint", "secret", "sign"),
    [
        (None, SECRET, "+"),
        ("abcd", SECRET, "~"),
        ("", SECRET, "~"),
        ("wxyz", "wxyz", "~"),
        ("wxyz", SECRET, None),
        ("xy==", "a-signing-secret-in-base64-xy==", "?"),
        ("", "short", "?"),
        (None, None, "+"),
        ("wxyz", None, "?"),
    ],
)
def test_a_secret_is_compared_by_what_the_server_shows_of_it(
    hint: str | None, secret: str | None, sign: str | None
) -> None:
    told = plan(crm(WITH_SECRET), state(the_crm(hint=hint)), secret=secret)
    lines = [line for change in told.sources for line in change.all_lines()]
    assert [line.sign for line in lines] == ([] if sign is None else [sign])
    assert told.differs == (sign in ("+", "~"))
    assert all("$HOOKLEDGER_SECRET_CRM_PRODUCTION" in line.words for line in lines)


def test_what_may_be_in_force_already_is_sent_but_is_no_difference() -> None:
    told = plan(crm(WITH_SECRET), state(the_crm(hint="")), secret="short")
    assert not told.is_empty
    assert shown(told)[-1].startswith("Nothing to change but, perhaps, secrets that cannot be compared")


def test_no_plan_shows_a_secret() -> None:
    told = plan(crm(WITH_SECRET), state(the_crm()))
    assert SECRET not in "\n".join(shown(told)) + repr(told)
    assert SECRET[-4:] not in "\n".join(shown(told))


def test_a_secret_that_the_scheme_cannot_have_is_refused_without_being_shown() -> None:
    def refuses(verification: Verification, secret: str) -> None:
        raise Refused("secret must begin with whsec_", field="secret")

    with pytest.raises(Refused, match=r"crm\.yaml:6: environments\.production\.secrets\.signing_secret leads") as told:
        plan(crm(WITH_SECRET), state(), check_secret=refuses)
    assert "must begin with whsec_" in str(told.value)
    assert SECRET not in str(told.value)


def test_what_is_only_on_the_server_is_left_alone_unless_told() -> None:
    server = state(the_crm(), source("old"), variables=[variable("OLD", "1"), variable("PLAN", "team")])
    files = {**crm(""), "variables.yaml": "PLAN: {value: team}\n"}
    files["crm.yaml"] = f"{HEAD}environments: {{}}\n"
    left, gone = plan(files, server), plan(files, server, prune=True)
    assert (left.is_empty, left.differs) == (True, False)
    assert (gone.is_empty, gone.differs) == (False, True)
    assert shown(left)[:2] == [
        "  old (only on the server, left alone; --prune archives it)",
        "  variable OLD (only on the server, left alone; --prune archives it)",
    ]
    assert shown(gone) == [
        "- old (archived: only on the server)",
        "- variable OLD (removed: only on the server)",
        "2 archived, 2 unchanged.",
    ]


def test_variables_that_no_file_speaks_of_are_none_of_its_business() -> None:
    told = plan(crm(" {}\n"), state(the_crm(), variables=[variable("OLD", "1")]), prune=True)
    assert told.is_empty


def test_a_public_variable_is_told_by_its_values() -> None:
    before = variable("PLAN", "team", development="free", production="2")
    files = {"variables.yaml": "PLAN:\n  value: [1, true]\n  environments: {production: 2}\n"}
    told = plan(files, state(variables=[before]))
    assert shown(told)[1:-1] == ['    ~ value: "team" → "[1,true]"', "    - in development"]
    [change] = told.variables
    assert change.removed == ("development",)
    assert change.body({}) == {
        "variable": {"type": "public", "description": None, "value": "[1,true]", "environment_values": {}}
    }


def test_the_values_of_a_secret_variable_are_sent_whatever_they_were() -> None:
    files = {
        "variables.yaml": "KEY:\n  type: secret\n  value: {env: PLAN}\n  environments: {production: {env: PLAN}}\n"
    }
    told = plan(files, state(variables=[variable("KEY", None, secret=True)]))
    assert shown(told)[1:-1] == [
        "    ? value: will be set from $PLAN, unless it is so already",
        "    + in production: will be set from $PLAN",
    ]
    [change] = told.variables
    assert change.body({Reference("env", "PLAN"): SECRET})["variable"]["value"] == SECRET
    assert SECRET not in "\n".join(shown(told))


def test_what_moved_while_the_plan_was_looked_at_is_not_touched() -> None:
    files = crm("\n    settings: {enabled: false}\n")
    told = plan(files, state(the_crm(version=3)))
    pushing.require_unmoved(told, state(the_crm(version=3)))
    for moved, happened in ((state(the_crm(version=4)), "was edited"), (state(), "was archived")):
        with pytest.raises(EditedMeanwhile, match=f"crm {happened}"):
            pushing.require_unmoved(told, moved)
    with pytest.raises(EditedMeanwhile, match="crm was made"):
        pushing.require_unmoved(plan(files, state()), state(the_crm()))


def test_what_came_up_meanwhile_is_not_archived_in_its_new_state() -> None:
    files = crm(" {}\n")
    told = plan(files, state(the_crm(), source("old", production=environment({}))), prune=True)
    with pytest.raises(EditedMeanwhile, match="old was edited"):
        pushing.require_unmoved(told, state(the_crm(), source("old", production=environment({}, version=2))))


def test_values_that_would_steer_the_terminal_are_spelt_out() -> None:
    told = shown(plan({"crm.yaml": f'name: "\\e[2J\\x9b"\n{HEAD.splitlines()[1]}\n'}, state()))
    assert "\x1b" not in "".join(told)
    assert "\x9b" not in "".join(told)
