"""Who joins and leaves an audience, on Knock's paths."""

from collections.abc import Mapping

from litestar import delete, post

from application.gateway import Gateway
from domain import operations
from domain.json_values import Json
from interfaces.http import callers, calls
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed

FLAGS = {"true": True, "false": False}


@post("/v1/audiences/{key:str}/members", sync_to_thread=True, status_code=204, summary="Add members to an audience")
def add_members(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> None:
    """`{members: [{user: {id, …}, tenant?}]}`, at most 1,000; `?create_audience=true` makes an audience of no one."""
    call = calls.begin(request, gateway, body)
    asked = request.query_params.get("create_audience", "false")
    if asked not in FLAGS:
        raise Malformed(f"create_audience is {asked!r}; it must be true or false", "create_audience")
    call.make(operations.add_members(call.identifier(key), call.asked(), create=FLAGS[asked]))


@delete(
    "/v1/audiences/{key:str}/members", sync_to_thread=True, status_code=204, summary="Remove members from an audience"
)
def remove_members(request: AnyRequest, gateway: Gateway, key: str, body: bytes) -> None:
    """`{members: [{user: {id}, tenant?}]}` as the body or, without one, the list as JSON in `?members=`."""
    call = calls.begin(request, gateway, body)
    listed = request.query_params.get("members")
    asked = _of_query(gateway, listed) if listed is not None and not body.strip() else call.asked()
    call.make(operations.remove_members(call.identifier(key), asked))


def _of_query(gateway: Gateway, listed: str) -> Mapping[str, Json]:
    # On a line of its own, so that the position of a mistake is that within the query's text.
    found = callers.json_body(gateway, b'{"members":\n' + listed.encode() + b"\n}")
    if found.keys() != {"members"} or not isinstance(found["members"], list):
        raise Malformed("members must be a list of JSON", "members")
    return found


HANDLERS = [add_members, remove_members]
