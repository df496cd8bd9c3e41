"""Delivery reports that come back later (RFC 3464), as a mail server pipes them to `flask mail bounce`.

Anybody can send a mail that looks like one. A report counts only for an address to which we sent just the mail that it returns: its Message-ID is
signed together with its recipient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import cast

from email_validator import EmailNotValidError, validate_email

from app.mail.bounces import Source, note
from app.mail.message_ids import task_of
from app.mail.statuses import is_dead

# A report returns the headers of a mail, or all of it.
LARGEST = 2 * 1024 * 1024


class NotAReport(Exception):
    """The message is no delivery report, or none that can be read."""


@dataclass(frozen=True)
class Failure:
    """What a report says of one recipient."""

    address: str
    status: str
    words: str


def take(raw: bytes) -> list[str]:
    """Note the addresses that the report proves dead, and return them; none for a delay, a full mailbox, or a mail that is not ours.

    Raises NotAReport.
    """
    report = message_from_bytes(raw[:LARGEST], policy=default)
    if report.get_content_type() != "multipart/report":
        raise NotAReport(f"This is {report.get_content_type()}, not a delivery report (multipart/report).")
    returned = _returned_id(report)
    noted = []
    for failure in _failures(report):
        task_id = task_of(returned, failure.address)
        if task_id is not None and is_dead(failure.status):
            note(failure.address, f"{failure.status} {failure.words}".strip(), Source.REPORT, task_id)
            noted.append(failure.address)
    return noted


def _failures(report: EmailMessage) -> Iterator[Failure]:
    """The recipients whom the report gives up. Its machine-readable part holds one block of fields for the mail and one for each of them."""
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in cast("list[Message]", part.get_payload()):
                if str(block.get("Action", "")).strip().lower() == "failed":
                    addresses = [_value(block, name) for name in ("Original-Recipient", "Final-Recipient")]
                    words = _value(block, "Diagnostic-Code")
                    spelt = dict.fromkeys(_as_stored(address) for address in addresses if address)
                    yield from (Failure(address, str(block.get("Status", "")), words) for address in spelt)


def _value(block: Message, name: str) -> str:
    """A typed field without its type: `rfc822; thao@example.com`."""
    return " ".join(str(block.get(name, "")).partition(";")[2].split())


def _as_stored(address: str) -> str:
    """As accounts have it: servers write an international domain in ASCII (RFC 5891), accounts as its owner does."""
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return address.lower()


def _returned_id(report: EmailMessage) -> str:
    """The Message-ID of the mail that is returned, as a whole (message/rfc822) or its headers alone (text/rfc822-headers)."""
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            return _raw_id(cast("list[EmailMessage]", part.get_payload())[0])
        if part.get_content_type() == "text/rfc822-headers":
            return _raw_id(message_from_bytes(cast(bytes, part.get_payload(decode=True)), policy=default))
    return ""


def _raw_id(returned: EmailMessage) -> str:
    # Python's own reading of the field fails on some that are none.
    return next((str(value) for name, value in returned.raw_items() if name.lower() == "message-id"), "")
