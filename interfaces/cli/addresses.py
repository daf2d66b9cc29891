"""The address of the API, seen from this machine: whether it is free before the start, whether it answers after it."""

import ipaddress
import socket

import httpx

from domain.errors import Refused

ANSWER_SECONDS = 1.0
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where one reaches what listens everywhere."""


class AddressRefused(Refused):
    """Nothing of ours can listen there."""


def local_url(host: str, port: int) -> str:
    """Where this machine reaches what listens on `host` and `port`."""
    reached = LOOPBACK.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine and nowhere else."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_free(host: str, port: int) -> None:
    """Raise AddressRefused, in words for an operator, unless a server can listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the API does
            listener.bind(address)
    except OSError as error:
        raise AddressRefused(
            f"cannot listen on {host} port {port}: {error.strerror}; "
            "choose another address with HOOKLEDGER_HOST and HOOKLEDGER_PORT",
            field="HOOKLEDGER_PORT",
        ) from error


def answers(url: str) -> bool:
    """Whether an API lives at `url`."""
    try:
        return httpx.get(f"{url}/health/live", timeout=ANSWER_SECONDS, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
