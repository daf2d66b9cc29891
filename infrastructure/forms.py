"""Read bodies that are forms (application/x-www-form-urlencoded), as Slack, Twilio and GitHub can send them."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from domain.errors import Refused
from domain.json_values import Json

CONTENT_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 1_000
PAYLOAD = "payload"


class MalformedForm(Refused):
    """The body is not a form within bounds; `code` is stable."""

    def __init__(self, message: str) -> None:
        super().__init__(f"the body {message}", field="body")
        self.code = "malformed_form"


def announced(content_type: str) -> bool:
    """Whether the sender says that the body is a form."""
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE


def read(body: bytes, parse: Callable[[bytes], dict[str, Json]]) -> dict[str, Json]:
    """The fields by name, as texts; a name that comes more than once has the list of its texts.

    A form whose only field is `payload` is the JSON object in it: so Slack sends what people click on, and GitHub what
    its webhooks say when they are set to forms. Raises `Refused`.
    """
    pairs = body.split(b"&", MOST_FIELDS)
    if len(pairs) > MOST_FIELDS:
        raise MalformedForm(f"is a form of more than {MOST_FIELDS} fields")
    form: dict[str, Json] = {}
    for pair in pairs:
        name, equals, value = pair.partition(b"=")
        if not equals or not name:
            raise MalformedForm("is no form: a field must have a name and an equals sign")
        _add(form, _text(name), _text(value))
    payload = form.get(PAYLOAD)
    if len(form) == 1 and isinstance(payload, str):
        return parse(payload.encode())
    return form


def _add(form: dict[str, Json], name: str, value: str) -> None:
    if name not in form:
        form[name] = value
        return
    before = form[name]
    form[name] = [*before, value] if isinstance(before, list) else [before, value]


def _text(encoded: bytes) -> str:
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise MalformedForm("is a form whose text is not UTF-8") from None
