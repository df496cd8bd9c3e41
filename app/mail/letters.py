"""A letter, before it is a message: who gets it, what it says, what is attached; written from a pair of templates.

`templates/<name>.txt` holds a `subject` and a `body` block, `templates/<name>.html` the same words as HTML. Vietnamese comes first,
English below. The environments are sandboxed, and strict: a name that a letter forgot is an error, not a gap in the text.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.clock import MARKET_ZONE
from app.core.text import without_bidi_controls

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Person:
    """A sender or recipient as a mail header shows them."""

    name: str
    address: str


@dataclass(frozen=True)
class CalendarPart:
    """An iCalendar object and its METHOD (RFC 5546), as mail programs want them beside the text."""

    method: str
    content: bytes


@dataclass(frozen=True)
class Attachment:
    """A file of ours that goes with a letter. `name` is plain ASCII."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What one recipient is told. `reply_to` is who answers go to when it is not the sender.

    `unsubscribe` is the address that ends such mails at one click. A letter that was `asked_for` by its reader a moment ago, and opens the account,
    is sent even to an address from which mail came back.
    """

    to: Person
    subject: str
    text: str
    html: str
    reply_to: Person | None = None
    calendar: CalendarPart | None = None
    attachments: tuple[Attachment, ...] = ()
    unsubscribe: str | None = None
    asked_for: bool = False


def write(
    template: str,
    to: Person,
    values: Mapping[str, Any],
    *,
    reply_to: Person | None = None,
    calendar: CalendarPart | None = None,
    attachments: tuple[Attachment, ...] = (),
    unsubscribe: str | None = None,
    asked_for: bool = False,
) -> Letter:
    """The letter of `template` with `values`; whatever people typed into them stays text."""
    brand = parseaddr(current_app.config["MAIL_FROM"])[0] or current_app.config["SELLER_NAME"]
    context = {**values, "recipient": Person(one_line(to.name), to.address), "brand": brand}
    plain = _PLAIN.get_template(f"{template}.txt")
    subject = one_line(_block(plain, "subject", context))
    text = _block(plain, "body", context)
    html = _HTML.get_template(f"{template}.html").render({**context, "subject": subject})
    return Letter(to, subject, text.strip() + "\n", html, reply_to, calendar, attachments, unsubscribe, asked_for)


def link(path: str, **query: str) -> str:
    """The address of a page of the front end."""
    base = str(current_app.config["FRONTEND_URL"]).rstrip("/")
    return f"{base}{path}" + (f"?{urlencode(query)}" if query else "")


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, at most 200 characters: fit for a header."""
    kept = without_bidi_controls(text)
    visible = "".join(" " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} else character for character in kept)
    return " ".join(visible.split())[:200]


def market_time(moment: datetime) -> str:
    """The moment as the market's people write it: `14:30, 05/03/2027 (GMT+7)`."""
    return moment.astimezone(MARKET_ZONE).strftime("%H:%M, %d/%m/%Y (GMT+7)")


def _in_our_direction(value: Any) -> Any:
    """What is put into a letter, without what would turn the words after it round."""
    return without_bidi_controls(value) if isinstance(value, str) else value


def _block(template: Template, name: str, values: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(values)))


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_in_our_direction,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(one_line=one_line, market_time=market_time)
    return environment


_PLAIN = _environment(autoescape=False)
_HTML = _environment(autoescape=True)
