"""Lineage: where the fields of a user, object or tenant come from, now or as of any moment."""

from litestar import Response, get

from application.gateway import Gateway
from application.queries import Moment
from domain.recipients import TENANTS, USERS
from interfaces.http import callers, rendering, segments
from interfaces.http.callers import AnyRequest
from interfaces.http.problems import Malformed, Missing

COLLECTIONS = {"users": USERS, "tenants": TENANTS}
LAST = 2**63 - 1


@get("/v1/audit/entities/{kind:str}/{entity_id:str}", sync_to_thread=True, summary="Where an entity comes from")
def get_lineage(request: AnyRequest, gateway: Gateway, kind: str, entity_id: str) -> Response[bytes]:
    """A user, tenant or object (kind `users`, `tenants` or, with `collection`, `objects`), and what set each field.

    `as_of`, a time or a position in the log, shows it as it was then; the changes come in pages, in log order.
    """
    who, snapshot = callers.caller(request, gateway, "directory")
    environment = callers.the_environment(request, who, snapshot)
    collection, as_of = _collection(request, kind), _moment(request)
    name = segments.identifier(request.scope, entity_id)
    found = gateway.lineage.entity(environment, collection, name, as_of=as_of, page=callers.page(request))
    if found is None:
        raise Missing(f"{kind}: {name!r}" if as_of.is_now else f"{kind}: {name!r}, as of {_asked(request)},")
    changes = rendering.page(found.changes)
    shown = {"kind": kind, "environment": environment, "collection": collection, "id": name, **found.entry}
    return rendering.answer({**shown, "changes": changes["entries"], "page_info": changes["page_info"]})


def _collection(request: AnyRequest, kind: str) -> str:
    if kind in COLLECTIONS:
        return COLLECTIONS[kind]
    if kind != "objects":
        raise Malformed(f"kind is {kind!r}; it must be users, tenants or objects", "kind")
    collection = callers.text(request, "collection")
    if not collection:
        raise Malformed("collection is missing; name that of the object as ?collection=projects", "collection")
    return collection


def _moment(request: AnyRequest) -> Moment:
    asked = _asked(request)
    if asked.isascii() and asked.isdigit():
        if len(asked) > 19 or int(asked) > LAST:
            raise Malformed(f"as_of is {asked!r}; a position has no more than 63 bits", "as_of")
        return Moment(position=int(asked))
    return Moment(recorded_at=callers.time(request, "as_of"))


def _asked(request: AnyRequest) -> str:
    return str(request.query_params.get("as_of", ""))


HANDLERS = [get_lineage]
