"""Syncing: what a reverse-ETL tool asks of audiences goes on record, and it is told what came of each record."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from application.access import Caller
from application.calling import Called, Calling
from application.requests import Request
from domain import json_rpc, syncs
from domain.json_rpc import METHOD_NOT_FOUND, Fault
from domain.json_values import Json
from domain.syncs import Portion, Sync

Methods = Mapping[str, Callable[[Mapping[str, Json]], Json | Sync]]
"""What a destination answers, by the names of its methods."""


@attrs.frozen(kw_only=True)
class Syncing:
    """The use case."""

    calling: Calling

    def answer(
        self, methods: Methods, asked: Mapping[str, Json], *, environment: str, caller: Caller, request: Request
    ) -> Mapping[str, Json]:
        """The answer to a call, a fault of the call included. Raises Unavailable, after which all may be sent again."""
        try:
            call = json_rpc.read(asked)
            found = _method(methods, call.method)(call.params)
        except Fault as fault:
            return json_rpc.error(json_rpc.id_of(asked), fault)
        if isinstance(found, Sync):
            return json_rpc.result(call.id, self._carry_out(found, environment, caller, request))
        return json_rpc.result(call.id, found)

    def _carry_out(self, sync: Sync, environment: str, caller: Caller, request: Request) -> Json:
        portions = syncs.portions(sync)
        operations = [portion.operation for portion in portions]
        called: Sequence[Called] = ()
        if operations:
            called = self.calling.call(operations, environment=environment, caller=caller, request=request)
        told = [(portion, _refusal(sync, portion, each)) for portion, each in zip(portions, called, strict=True)]
        return sync.report(syncs.refusals(sync, told))


def _method(methods: Methods, name: str) -> Callable[[Mapping[str, Json]], Json | Sync]:
    if name not in methods:
        raise Fault(METHOD_NOT_FOUND, f"method is {name!r}; it must be one of {', '.join(methods)}")
    return methods[name]


def _refusal(sync: Sync, portion: Portion, called: Called) -> str | None:
    return syncs.refusal(sync, portion, called.actions[0] if called.actions else None)
