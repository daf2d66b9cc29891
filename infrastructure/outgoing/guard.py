"""The guard of outgoing requests: it resolves a name once, and refuses it unless every address of it may be called.

Whoever sends connects to the addresses that come out of here and never asks for the name again: an answer that changes
in between (DNS rebinding) changes nothing.
"""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence

import attrs

from domain.errors import Refused
from infrastructure.outgoing import addresses, targets
from infrastructure.outgoing.addresses import Address, Allowance
from infrastructure.outgoing.targets import Target

Resolve = Callable[[str, float], Sequence[str]]
"""All addresses of a name, within so many seconds. Raises Unresolved."""


class Unresolved(Exception):
    """A name has no address at the moment."""


class AddressRefused(Refused):
    """A name or an address leads to where no request may go."""


@attrs.frozen
class Vetted:
    """A target and the addresses that may be connected to for it, best first."""

    target: Target
    addresses: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Guard:
    """Vets targets. `allowance` says what may be called beside public addresses, `ports` which ports."""

    resolve: Resolve
    allowance: Allowance = "none"
    ports: Sequence[range] = targets.PORTS

    def check(self, url: str) -> Target:
        """Read a URL and vet its address, if it is written as one. Raises UrlRefused and AddressRefused."""
        target = targets.read(url, self.ports)
        if target.address is not None:
            self._vet(target.host, target.address)
        return target

    def vet(self, url: str, seconds: float) -> Vetted:
        """Resolve a URL's name and vet every address. Raises UrlRefused, AddressRefused and Unresolved."""
        target = self.check(url)
        if target.address is not None:
            return Vetted(target, (str(target.address),))
        found = dict.fromkeys(_address(target.host, text) for text in self.resolve(target.host, seconds))
        if not found:
            raise Unresolved(f"the name {target.host} has no address")
        for address in found:
            self._vet(target.host, address)
        return Vetted(target, tuple(map(str, found)))

    def _vet(self, host: str, address: Address) -> None:
        objection = addresses.objection(address, self.allowance)
        if objection is not None:
            where = host if host == str(address) else f"{host} ({address})"
            raise AddressRefused(
                f"url: {where} must not be called, because the address is {objection}; "
                "HOOKLEDGER_ALLOW_PRIVATE_TARGETS says what may be called beside public addresses",
                field="url",
            )


def _address(host: str, text: str) -> Address:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise AddressRefused(f"url: {host} resolves to {text!r}, which is no address", field="url") from error


def system_resolver(host: str, seconds: float) -> Sequence[str]:
    """Ask the machine's resolver, in a thread of its own, since it takes no deadline."""
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, answers), name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        raise Unresolved(f"the name {host} was not resolved within {seconds:.0f} s") from None
    if isinstance(answer, OSError):
        raise Unresolved(f"the name {host} is not resolved: {answer.strerror or answer}") from answer
    return answer


def _look_up(host: str, answers: "queue.SimpleQueue[Sequence[str] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        answers.put(error)
    except UnicodeError as error:  # what the encoder of names, which runs first, makes of an empty or long label
        answers.put(OSError(str(error)))
    else:
        answers.put([str(address[0]) for *_, address in found])
