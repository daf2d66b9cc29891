"""Steps: what each type takes, and how what cannot be is refused."""

from typing import Any

import pytest

from domain import errors, workflow_steps
from domain.json_values import Json

DELAY: dict[str, Any] = {"ref": "wait", "type": "delay", "settings": {"seconds": 60}}
WEBHOOK: dict[str, Any] = {
    "ref": "tell",
    "type": "webhook",
    "settings": {
        "url": "https://example.com/{{ data.id }}",
        "body": {"id": "{{ data.id }}", "fixed": [1, True, None]},
        "headers": {"x-token": "{{ vars.TOKEN }}"},
        "secret": "SIGNING",
    },
    "conditions": [{"path": "data.id", "operator": "not_empty"}],
}
EMAIL: dict[str, Any] = {"ref": "write", "type": "email", "settings": {"to": "a@b.co", "subject": "Hi", "text": "Ho"}}


def changed(step: dict[str, Any], **settings: Json) -> dict[str, Any]:
    return {**step, "settings": {**step["settings"], **settings}}


def test_steps_are_read_as_they_are_written() -> None:
    steps = workflow_steps.parse([DELAY, WEBHOOK, EMAIL], "steps")
    assert [workflow_steps.as_json(step) for step in steps] == [
        {**DELAY, "conditions": []},
        WEBHOOK,
        {**EMAIL, "conditions": []},
    ]


def test_an_email_goes_to_the_recipient_unless_told_otherwise() -> None:
    (step,) = workflow_steps.parse([changed(EMAIL, to=None)], "steps")
    assert step.settings["to"] == "{{ recipient.email }}"


def test_a_webhook_has_an_empty_body_unless_told_otherwise() -> None:
    (step,) = workflow_steps.parse([{"ref": "t", "type": "webhook", "settings": {"url": "https://a.co"}}], "steps")
    assert step.settings == {"url": "https://a.co", "body": {}}


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "s"),
        ([DELAY] * 51, "s"),
        (["wait"], "s[0]"),
        ([{**DELAY, "ref": None}], "s[0].ref"),
        ([{**DELAY, "ref": "Wait!"}], "s[0].ref"),
        ([DELAY, DELAY], "s[1].ref"),
        ([{**DELAY, "type": "sms"}], "s[0].type"),
        ([{**DELAY, "type": []}], "s[0].type"),
        ([{**DELAY, "settings": None}], "s[0].settings"),
        ([{**DELAY, "settings": {}}], "s[0].settings"),
        ([changed(DELAY, until_path="data.at")], "s[0].settings"),
        ([changed(DELAY, seconds=-1)], "s[0].settings.seconds"),
        ([changed(DELAY, seconds=True)], "s[0].settings.seconds"),
        ([changed(DELAY, seconds=367 * 86_400)], "s[0].settings.seconds"),
        ([{**DELAY, "settings": {"until_path": "at"}}], "s[0].settings.until_path"),
        ([changed(DELAY, minutes=1)], "s[0].settings.minutes"),
        ([changed(WEBHOOK, url=" ")], "s[0].settings.url"),
        ([changed(WEBHOOK, headers=["a"])], "s[0].settings.headers"),
        ([changed(WEBHOOK, headers={"a": 1})], "s[0].settings.headers.a"),
        ([changed(WEBHOOK, secret={})], "s[0].settings.secret"),
        ([changed(EMAIL, subject=None)], "s[0].settings.subject"),
        ([changed(EMAIL, html=1)], "s[0].settings.html"),
        ([{**EMAIL, "conditions": [{}]}], "s[0].conditions[0].path"),
    ],
)
def test_what_cannot_be_a_step_is_refused_by_its_place(raw: Json, field: str) -> None:
    with pytest.raises(errors.Refused) as refusal:
        workflow_steps.parse(raw, "s")
    assert refusal.value.field == field


def test_every_template_is_found_with_its_place() -> None:
    delay, webhook, email = workflow_steps.parse([DELAY, WEBHOOK, changed(EMAIL, html="<p>")], "steps")
    assert list(workflow_steps.templates(delay)) == []
    assert list(workflow_steps.templates(webhook)) == [
        ("settings.url", "https://example.com/{{ data.id }}"),
        ("settings.body", WEBHOOK["settings"]["body"]),
        ("settings.headers.x-token", "{{ vars.TOKEN }}"),
    ]
    assert [place for place, _ in workflow_steps.templates(email)] == [
        "settings.to",
        "settings.subject",
        "settings.text",
        "settings.html",
    ]
