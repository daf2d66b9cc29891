"""Targets by name: what shares a circuit."""

import pytest

from application import targets


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://Example.com/a?b", "https://example.com:443"),
        ("HTTPS://example.com.:443", "https://example.com:443"),
        ("http://example.com/", "http://example.com:80"),
        ("http://[::1]:8080/", "http://::1:8080"),
        ("no url", "no url"),
        ("http://example.com:port/", "http://example.com:port/"),
    ],
)
def test_a_target_is_a_scheme_a_host_and_a_port(url: str, target: str) -> None:
    assert targets.of(url) == target
