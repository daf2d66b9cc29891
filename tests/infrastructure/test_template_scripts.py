"""The script to begin from, run as the gateway runs scripts."""

import pytest

from domain.json_values import Json
from domain.scripts import Call, Result
from infrastructure.scripts.sandbox import QuickJsScripts
from infrastructure.templates.loading import YamlTemplates
from tests import examples

ENGINE = QuickJsScripts()
SOURCE = YamlTemplates().get("custom_http").preprocessing_script or ""
VARIABLE = "CUSTOM_HTTP_SIGNING_SECRET"


@pytest.mark.parametrize(
    ("variables", "headers", "verified"),
    [
        ({VARIABLE: "s3cret"}, {"x-webhook-secret": "s3cret"}, True),
        ({VARIABLE: "s3cret"}, {"X-Webhook-Secret": "s3cret"}, True),
        ({VARIABLE: 123456}, {"x-webhook-secret": "123456"}, True),
        ({VARIABLE: "s3cret"}, {"x-webhook-secret": "s3creT"}, False),
        ({VARIABLE: "s3cret"}, {"x-webhook-secret": "s3cret "}, False),
        ({VARIABLE: "s3cret"}, {}, False),
        ({VARIABLE: ""}, {"x-webhook-secret": ""}, False),
        ({VARIABLE: None}, {"x-webhook-secret": "null"}, False),
        ({}, {"x-webhook-secret": "undefined"}, False),
    ],
)
def test_the_script_to_begin_from_takes_the_secret_alone(
    variables: dict[str, Json], headers: dict[str, str], verified: bool
) -> None:
    call = Call(vars=variables, headers=headers, raw_body=b"{}", body={}, at=examples.AT)
    assert ENGINE.run(SOURCE, call) == Result(output={"verified": verified}, verified=verified)
