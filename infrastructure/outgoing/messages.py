"""Make an e-mail ready to be handed over. No text of it, however it came about, can add a header or a recipient."""

import email.policy
import email.utils
import re
from datetime import datetime
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any, Final

import attrs
import idna

from domain.deliveries import Email
from domain.errors import Refused

LONGEST_SUBJECT: Final = 998
LONGEST_ADDRESS: Final = 254
# 7bit, since it is not known before which servers the message passes.
_POLICY: Final = email.policy.SMTP.clone(cte_type="7bit")
_IDENTITY: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LOCAL_PART: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f@<>(),:;\\\"\[\]]{1,64}")


class EmailRefused(Refused):
    """An e-mail cannot be sent as it is."""


@attrs.frozen(kw_only=True)
class Message:
    """What the mail server gets: from whom, to whom and the text. `international`: it must know SMTPUTF8."""

    sender: str
    recipient: str
    content: bytes = attrs.field(repr=False)
    international: bool


def made(letter: Email, sender: str | None, at: datetime) -> Message:
    """The message that an e-mail is; `sender` stands in where it names none. Raises EmailRefused."""
    origin = address(letter.sender or sender or "", "sender")
    recipient = address(letter.to, "to")
    if not _IDENTITY.fullmatch(letter.message_id):
        problem = f"message_id: {letter.message_id!r} must be letters, digits, - and _, at most 200"
        raise EmailRefused(problem, field="message_id")
    message = EmailMessage(policy=_POLICY)
    message["From"] = origin
    message["To"] = recipient
    message["Subject"] = _subject(letter.subject)
    message["Date"] = email.utils.format_datetime(at)
    message["Message-ID"] = f"<{letter.message_id}@{origin.domain}>"
    # Keeps absence notes and ticket systems from answering a machine.
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, letter)
    international = not (origin.addr_spec + recipient.addr_spec).isascii()
    return Message(
        sender=origin.addr_spec,
        recipient=recipient.addr_spec,
        content=message.as_bytes(policy=_POLICY.clone(utf8=international)),
        international=international,
    )


def address(text: str, field: str) -> Address:
    """The one address that a text is, such as `a@example.com` or `Ann Example <a@example.com>`. Raises EmailRefused."""
    problem = f"{field}: {text[:100]!r} must be one address, such as ann@example.com or Ann <ann@example.com>"
    if not text.isprintable():
        raise EmailRefused(problem, field=field)
    try:
        header: Any = _POLICY.header_factory("To", text)
    except (MessageError, ValueError, IndexError) as error:  # what the parser makes of some that are none
        raise EmailRefused(problem, field=field) from error
    defects = [defect for defect in header.defects if not isinstance(defect, NonASCIILocalPartDefect)]
    if defects or len(header.addresses) != 1 or [group.display_name for group in header.groups] != [None]:
        raise EmailRefused(problem, field=field)
    found: Address = header.addresses[0]
    if not _LOCAL_PART.fullmatch(found.username) or len(found.addr_spec) > LONGEST_ADDRESS:
        raise EmailRefused(problem, field=field)
    try:
        domain = idna.encode(found.domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise EmailRefused(problem, field=field) from error
    return Address(found.display_name, found.username, domain)


def _subject(text: str) -> str:
    """Put a subject on one line, as a template may well have rendered several."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line[:LONGEST_SUBJECT]


def _fill(message: EmailMessage, letter: Email) -> None:
    try:
        message.set_content(letter.text)
        if letter.html is not None:
            message.add_alternative(letter.html, subtype="html")
    except UnicodeEncodeError as error:
        raise EmailRefused(f"text: it holds half a character: {error.reason}", field="text") from error
