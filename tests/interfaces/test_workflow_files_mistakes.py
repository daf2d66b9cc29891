"""Whatever is wrong with the files of workflows is told at once, each mistake with its file, its line and its place."""

import textwrap

import pytest

from infrastructure import composition
from interfaces.cli.workflow_files import planning, reading
from interfaces.cli.workflow_files.server_state import ServerState
from interfaces.cli.yaml_files.findings import FilesRefused

CHECKS = composition.workflow_checks()
SERVER = ServerState(environments=("development", "production"), workflows={})
PLANTED = "whsec_planted"


def mistakes(**files: str) -> list[str]:
    """What is wrong with these files, by the keys of their workflows."""
    texts = {f"{key}.yaml": textwrap.dedent(text) for key, text in files.items()}
    try:
        planning.plan(reading.read(texts, CHECKS), SERVER)
    except FilesRefused as refused:
        return [line.strip() for line in str(refused).splitlines()[1:]]
    return []


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    found = mistakes(
        welcome="""\
            name: Welcome
            describtion: typo
            environments:
              production:
                active: 1
                colour: red
                trigger_data_schema:
                  properties:
                    invoice:
                      type: txt
                conditions:
                  - {path: data.a, operator: is}
                  - {path: body.a, operator: empty}
                steps:
                  - ref: a-day
                    type: delay
                    settings:
                      seconds: -1
                  - ref: Mail
                    type: email
                    settings: {subject: a, text: b}
                  - ref: mail
                    type: email
                    settings:
                      subject: "{{ data.x | nope }}"
                      text: "{% if %}"
                    condition: []
                  - ref: billing
                    type: webhook
                    settings:
                      url: ftp://billing.example.com
                  - ref: other
                    type: webhook
                    settings:
                      url: https://billing.example.com
                      body:
                        deep:
                          down: "{{ data."
                  - ref: late
                    type: delay
                    settings: {seconds: 1}
                    conditions:
                      - path: data.a
                        operator: empty
                      - operator: empty
            """,
        Bad="environments: {}\n",
    )
    place = "environments.production"
    beginnings = [
        "Bad.yaml:1: name is missing; write name: a name for people",
        "Bad.yaml:1: the name of the file before .yaml is 'Bad'; it must be 1 to 64 lower-case letters",
        "welcome.yaml:2: describtion is not known here; there are name, environments",
        f"welcome.yaml:5: {place}.active must be true or false",
        f"welcome.yaml:6: {place}.colour is not known here; there are name, active, trigger_data_schema",
        f"welcome.yaml:10: {place}.trigger_data_schema.properties.invoice.type is no JSON Schema",
        f"welcome.yaml:12: {place}.conditions[0].operator is 'is'; it must be one of equal_to",
        f"welcome.yaml:13: {place}.conditions[1].path is 'body.a'; it must begin with one of recipient",
        f"welcome.yaml:18: {place}.steps[0].settings.seconds is -1; it must be a number from 0",
        f"welcome.yaml:19: {place}.steps[1].ref is 'Mail'; it must be 1 to 64 lower-case letters",
        f"welcome.yaml:25: {place}.steps[2].settings.subject: ",
        f"welcome.yaml:27: {place}.steps[2].condition is not known here; there are ref, type, settings, conditions",
        f"welcome.yaml:31: {place}.steps[3].settings.url: ",
        f"welcome.yaml:37: {place}.steps[4].settings.body: deep.down: ",
        f"welcome.yaml:45: {place}.steps[5].conditions[1].path is null; it must be a path",
    ]
    assert [line[: len(beginning)] for line, beginning in zip(found, beginnings, strict=True)] == beginnings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: Welcome\nname: again\n", "welcome.yaml:2: the key 'name' is given twice"),
        ("name: [\n", "welcome.yaml:2: it is no YAML: "),
        ("name: Welcome\nenvironments: [production]\n", "welcome.yaml:2: environments is a list; it must be an object"),
        (
            "name: Welcome\nenvironments: {staging: {}}\n",
            "welcome.yaml:2: environments.staging is no environment of the server, which has development, production",
        ),
        (
            "name: Welcome\nenvironments: {production: {steps: [{ref: a, type: delay, settings: {seconds: 1}},\n"
            "  {ref: a, type: delay, settings: {seconds: 1}}]}}\n",
            "welcome.yaml:3: environments.production.steps[1].ref is 'a', as of an earlier step",
        ),
        (
            "name: Welcome\nenvironments: {production: {steps: mail}}\n",
            "welcome.yaml:2: environments.production.steps is a string; it must be a list",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    [found] = mistakes(welcome=text)
    assert found.startswith(told)


def test_a_literal_secret_is_refused_and_not_repeated() -> None:
    settings = f"{{url: 'https://a.example', secret: {PLANTED}}}"
    step = f"{{ref: a, type: webhook, settings: {settings}}}"
    [found] = mistakes(welcome=f"name: Welcome\nenvironments:\n  production:\n    steps:\n      - {step}\n")
    place = "welcome.yaml:5: environments.production.steps[0].settings.secret"
    assert found == f"{place} must be the key of a secret variable: a secret never stands in a file"
