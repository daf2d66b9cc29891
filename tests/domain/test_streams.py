"""Names of streams: two things never share one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import (
    api_keys,
    audiences,
    configurations,
    environments,
    forwarding,
    forwards,
    restores,
    runs,
    slugs,
    sources,
    streams,
    variables,
    webhooks,
    workflows,
)

SLUGS = st.from_regex(r"[a-c0][a-c0_-]{0,5}", fullmatch=True)


@pytest.mark.parametrize(
    ("stream", "name", "category"),
    [
        (environments.stream("production"), "environment-production", "environment"),
        (api_keys.stream("019b-7b"), "api_key-019b-7b", "api_key"),
        (sources.stream("my-shop"), "source-my-shop", "source"),
        (variables.stream("API_URL"), "variable-API_URL", "variable"),
        (configurations.stream("my-shop", "pre-live"), "configuration-my--shop-pre-live", "configuration"),
        (workflows.stream("production", "order-placed"), "workflow-production-order-placed", "workflow"),
        (audiences.stream("production", "vips"), "audience-production-vips", "audience"),
        (webhooks.stream("019b-7b"), "webhook-019b-7b", "webhook"),
        (restores.stream(7), "restore-7", "restore"),
        (runs.stream("ee42-81"), "run-ee42-81", "run"),
        (forwards.stream("4e80-c9"), "forward-4e80-c9", "forward"),
        (forwarding.stream("pre-live"), "forwarding-pre-live", "forwarding"),
    ],
)
def test_a_stream_is_named_for_its_category_and_its_parts(stream: str, name: str, category: str) -> None:
    assert (stream, streams.category(stream)) == (name, category)
    assert category in streams.CATEGORIES


@given(SLUGS, SLUGS, SLUGS, SLUGS)
def test_two_pairs_of_slugs_never_share_a_stream(a: str, b: str, c: str, d: str) -> None:
    for slug in (a, b, c, d):
        slugs.check(slug, field="slug")
    assert (streams.name("workflow", a, b) == streams.name("workflow", c, d)) == ((a, b) == (c, d))


def test_a_webhook_s_id_is_what_its_stream_ends_in() -> None:
    assert webhooks.id_of(webhooks.stream("019b-7b")) == "019b-7b"
