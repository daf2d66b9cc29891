"""Whatever is wrong with files is told at once, each mistake with its file, its line and what would be right."""

import textwrap
from pathlib import Path

import pytest

from domain.errors import Refused
from domain.verification import Verification
from interfaces.cli.source_files import planning, reading, references, resolving
from interfaces.cli.source_files.source_planning import SourcePlanning
from interfaces.cli.yaml_files.findings import FilesRefused
from tests.interfaces.server_shapes import environment, source, state

PLANTED = "whsec_planted-where-no-secret-belongs"


def known_schemes(verification: Verification) -> None:
    if verification.scheme not in ("none", "shared_header"):
        raise Refused("scheme must be none or shared_header", field="scheme")


def mistakes(**files: str) -> list[str]:
    """What is wrong with these files, those of sources by key."""
    texts = {f"{name}.yaml": textwrap.dedent(text) for name, text in files.items()}
    try:
        wanted = reading.read(texts, known_schemes)
        server = state(source("made", "stripe", production=environment({})))
        maker = SourcePlanning(state=server, secrets={}, check_secret=lambda *_: None)
        planning.plan(wanted, server, maker, prune=False)
    except FilesRefused as refused:
        return [line.strip() for line in str(refused).splitlines()[1:]]
    return []


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    found = mistakes(
        crm="""\
            name: CRM
            template: custom_http
            describtion: typo
            environments:
              production:
                settings:
                  enabled: 'yes'
                  idempotency_window_seconds: 0
                  colour: red
                  verification: {scheme: strype}
                mappings:
                  - on: user.created
                    do: users_identify
                    with:
                      id: body..id
                      nickname: body.nick
                  - do: user_identify
                    active: 1
            """,
        Bad="template: custom_http\n",
        variables="7UP: {value: x}\nFINE: {value: null, environments: {production: null}}\n",
    )
    beginnings = [
        "Bad.yaml:1: name is missing; write name: a name for people",
        "Bad.yaml:1: the name of the file before .yaml is 'Bad'; it must be 1 to 64 lower-case letters",
        "crm.yaml:3: describtion is not known here; there are name, description, custom_image_url, template",
        "crm.yaml:7: environments.production.settings.enabled is 'yes'; it must be true or false",
        "crm.yaml:8: environments.production.settings.idempotency_window_seconds is 0; it must be a whole number",
        "crm.yaml:9: environments.production.settings.colour cannot be chosen; the settings are enabled, ",
        "crm.yaml:10: environments.production.settings.verification.scheme must be none or shared_header",
        "crm.yaml:15: environments.production.mappings[0].with.id: ",
        "crm.yaml:16: environments.production.mappings[0].with.nickname is not known here; there are id, name, ",
        "crm.yaml:17: environments.production.mappings[1].do is 'user_identify'; it must be one of users_identify, ",
        "crm.yaml:17: environments.production.mappings[1].on is missing; write on: user.created",
        "crm.yaml:18: environments.production.mappings[1].active must be true or false",
        "variables.yaml:1: 7UP must be 1 to 64 letters, digits or '_', not beginning with a digit",
        "variables.yaml:2: FINE.environments.production is null; leave it out, or write 'null' in quotes",
    ]
    assert [line[: len(beginning)] for line, beginning in zip(found, beginnings, strict=True)] == beginnings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: CRM\nname: again\n", "crm.yaml:2: the key 'name' is given twice"),
        ("name: [\n", "crm.yaml:2: it is no YAML: "),
        ("name: \x07\n", "crm.yaml:1: it is no YAML: it holds a character that has to be escaped"),
        ("1: CRM\n", "crm.yaml:1: a key must be text; put it in quotes"),
        ("name: !!binary aGVsbG8=\n", "crm.yaml:1: the tag !!binary stands for nothing in JSON; leave it out"),
        ("name: &a [*a]\n", "crm.yaml:1: an alias stands within what it stands for"),
        ("a: b\n---\nc: d\n", "crm.yaml:2: it is no YAML: "),
        (f"name: {'[' * 5000}", "crm.yaml:1: it is nested too deep"),
        ("name: 1e999\n", "crm.yaml:1: the number is too large for JSON"),
        ("- CRM\n", "crm.yaml:1: is a list; it must be an object"),
    ],
)
def test_what_is_no_yaml_for_sources_is_told_with_its_line(text: str, told: str) -> None:
    assert mistakes(crm=text)[0].startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("template: nope\n", "crm.yaml:2: template is 'nope'; the server has custom_http, stripe"),
        (
            "template: custom_http\nenvironments: {staging: {}}\n",
            "crm.yaml:3: environments.staging is no environment of the server, which has development, production",
        ),
        (
            "template: custom_http\nenvironments: {production: {settings: {enforce_idempotency: true}}}\n",
            "crm.yaml:3: environments.production.settings.enforce_idempotency is on without ",
        ),
    ],
)
def test_what_the_server_cannot_take_is_told_before_anything_is_sent(text: str, told: str) -> None:
    assert mistakes(crm=f"name: CRM\n{text}")[0].startswith(told)


def test_the_template_of_a_source_that_exists_is_fixed() -> None:
    [told] = mistakes(made="name: Made\ntemplate: custom_http\n")
    made = "but the source was made from 'stripe', which is chosen once; write stripe"
    assert told == f"made.yaml:2: template is 'custom_http', {made}"


@pytest.mark.parametrize(
    "place",
    [
        "secrets: {signing_secret: %s}",
        "secrets: {signing_secret: {env: %s-}}",
        "secrets: {signing_secret: {value: %s}}",
        "secrets: {signing_secret: {env: A, file: %s}}",
        "secrets: {signing_secret: [%s]}",
        "settings: {secrets: {signing_secret: %s}}",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(place: str) -> None:
    content = place.replace("%s", PLANTED)
    text = f"name: CRM\ntemplate: custom_http\nenvironments:\n  production:\n    {content}\n"
    found = mistakes(crm=text)
    assert len(found) == 1
    assert found[0].startswith("crm.yaml:5: environments.production.")
    assert "reference" in found[0] or "a secret never stands in a file" in found[0]
    assert PLANTED not in found[0]


def test_a_literal_value_of_a_secret_variable_is_refused_and_not_repeated() -> None:
    [found] = mistakes(variables=f"KEY:\n  type: secret\n  value: {PLANTED}\n")
    assert found.startswith(
        "variables.yaml:3: KEY.value must be {env: NAME}, such as {env: HOOKLEDGER_SECRET_VARIABLE_KEY}"
    )
    assert PLANTED not in found


def test_a_reference_of_a_public_variable_is_refused() -> None:
    [found] = mistakes(variables="KEY:\n  type: public\n  value: {env: KEY}\n")
    assert found == "variables.yaml:3: KEY.value is a reference, which only a variable of type: secret may have"


def test_a_script_must_stand_beside_the_file() -> None:
    script = "{preprocess_script: {file: ../a.js}}"
    text = f"name: CRM\ntemplate: custom_http\nenvironments: {{production: {{settings: {script}}}}}\n"
    [found] = mistakes(crm=text)
    assert found.endswith("must be {file: NAME} with the name of a .js file beside this one; there are: none")


def test_every_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    text = """\
        name: CRM
        template: custom_http
        environments:
          development: {secrets: {signing_secret: {env: NOT_SET}}}
          production: {secrets: {signing_secret: {file: absent/secret}}}
        """
    wanted = reading.read({"crm.yaml": textwrap.dedent(text)}, known_schemes)
    assert resolving.resolve(wanted, {}, tmp_path, all_of_them=False) == {}
    with pytest.raises(FilesRefused, match="2 mistakes") as told:
        resolving.resolve(wanted, {}, tmp_path, all_of_them=True)
    place = "crm.yaml:4: environments.development.secrets.signing_secret"
    assert f"{place} leads to the environment variable NOT_SET, which is not set; set it to" in str(told.value)
    assert f"leads to {tmp_path}/absent/secret, which cannot be read: No such file or directory" in str(told.value)


def test_a_secret_in_a_file_is_what_stands_there_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of nobody\n")
    assert references.resolve(references.Reference("file", "secret"), {}, tmp_path) == "of nobody"


def test_two_sources_never_get_one_reference() -> None:
    names = references.Names()
    first, second = (
        names((key,), references.secret_name(key, "production", "signing_secret")) for key in ("a-b", "a_b")
    )
    assert (first.name, second.name) == ("HOOKLEDGER_SECRET_A_B_PRODUCTION", "HOOKLEDGER_SECRET_A_B_PRODUCTION_2")
