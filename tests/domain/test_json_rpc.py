"""JSON-RPC: the id comes back as it was sent, and what is no call is told why with the code of the specification."""

from collections.abc import Mapping

import pytest

from domain import json_rpc
from domain.json_rpc import INVALID_PARAMS, INVALID_REQUEST, Call, Fault
from domain.json_values import Json

CALL: Mapping[str, Json] = {"jsonrpc": "2.0", "id": "c-1", "method": "list_objects", "params": {"a": {"b": "c"}}}


@pytest.mark.parametrize("call_id", ["c-1", "", 7, 0, -1, 10**30])
def test_an_id_is_a_text_or_an_integer_and_comes_back_as_it_was_sent(call_id: str | int) -> None:
    call = json_rpc.read({**CALL, "id": call_id})
    answer = json_rpc.result(call.id, {"success": True})
    assert answer == {"jsonrpc": "2.0", "id": call_id, "result": {"success": True}}
    assert type(answer["id"]) is type(call_id)


@pytest.mark.parametrize("params", [{}, None])
def test_a_call_may_have_no_parameters(params: Json) -> None:
    without = {name: value for name, value in CALL.items() if name != "params"}
    assert json_rpc.read(without) == Call(id="c-1", method="list_objects", params={})
    assert json_rpc.read({**CALL, "params": params}).params == {}


@pytest.mark.parametrize(
    ("edit", "code", "name"),
    [
        ({"jsonrpc": "1.0"}, INVALID_REQUEST, "jsonrpc"),
        ({"jsonrpc": None}, INVALID_REQUEST, "jsonrpc"),
        ({"jsonrpc": 2.0}, INVALID_REQUEST, "jsonrpc"),
        ({"id": None}, INVALID_REQUEST, "id"),
        ({"id": 1.5}, INVALID_REQUEST, "id"),
        ({"id": True}, INVALID_REQUEST, "id"),
        ({"id": {}}, INVALID_REQUEST, "id"),
        ({"method": None}, INVALID_REQUEST, "method"),
        ({"method": 1}, INVALID_REQUEST, "method"),
        ({"params": []}, INVALID_PARAMS, "params"),
        ({"params": "x"}, INVALID_PARAMS, "params"),
    ],
)
def test_what_is_no_call_is_a_fault_that_names_the_member(edit: Mapping[str, Json], code: int, name: str) -> None:
    with pytest.raises(Fault, match=f"^{name} is ") as raised:
        json_rpc.read({**CALL, **edit})
    assert raised.value.code == code


def test_a_fault_answers_with_the_id_if_there_is_one() -> None:
    fault = Fault(INVALID_REQUEST, "no")
    error = {"code": INVALID_REQUEST, "message": "no"}
    assert json_rpc.error(json_rpc.id_of({"id": 7}), fault) == {"jsonrpc": "2.0", "id": 7, "error": error}
    assert json_rpc.error(json_rpc.id_of({"id": []}), fault) == {"jsonrpc": "2.0", "id": None, "error": error}


def test_parameters_are_found_by_their_path() -> None:
    params = json_rpc.read(CALL).params
    assert json_rpc.text(params, "a.b") == "c"
    assert json_rpc.an_object(params, "a") == {"b": "c"}
    for path in ("a", "b", "a.b.c", "a.x"):
        with pytest.raises(Fault, match=f"^{path} is ") as raised:
            json_rpc.text(params, path)
        assert raised.value.code == INVALID_PARAMS
    with pytest.raises(Fault, match=r"^a\.b is a string; it must be an object"):
        json_rpc.an_object(params, "a.b")
