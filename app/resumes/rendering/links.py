"""Which addresses become links in the PDF: web pages and e-mail; every other scheme stays plain text."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from app.core.printing.text import clean, one_line

URL_LIMIT = 2_000

# Narrower than RFC 5322 on purpose: `%`, `?` and `&` could smuggle further mail headers into a mailto link.
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_PLAIN = "%/:?#[]@!$&'()*+,;=~"
_OUTSIDE_URL = re.compile(r'[\s<>"{}|\\^`]')


@dataclass(frozen=True, slots=True)
class Link:
    """Printed text and, when it is safe to follow, where it leads (`http`, `https` or `mailto`)."""

    text: str
    href: str | None = None


def email_link(value: Any) -> Link | None:
    """An e-mail address as typed, followed by a mail program when it is a plain address."""
    text = one_line(value)
    if not text:
        return None
    return Link(text, f"mailto:{text}" if _EMAIL.fullmatch(text) else None)


def url_link(value: Any) -> Link | None:
    """A web address, printed without `https://` and a closing slash when it is a link, else exactly as typed."""
    address = clean(value[: URL_LIMIT + 1] if isinstance(value, str) else value).strip()
    if not address:
        return None
    if address.lower().startswith("mailto:") and _EMAIL.fullmatch(address[7:]):
        return Link(one_line(address[7:]), address)
    if not _is_web_address(address):
        return Link(one_line(address))
    shown = one_line(re.sub(r"(?i)^https?://", "", address).removesuffix("/"))
    # Letters of other alphabets are percent-encoded as UTF-8 (RFC 3987), as a browser does; what is encoded already stays.
    return Link(shown, quote(address, safe=_PLAIN))


def _is_web_address(address: str) -> bool:
    if len(address) > URL_LIMIT or _OUTSIDE_URL.search(address):
        return False
    try:
        parts = urlsplit(address)
        # Reading the port is what makes urlsplit check it.
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    # `https://bank.vn@elsewhere.example` is written to deceive; no page needs it.
    return is_complete and parts.scheme in ("http", "https") and "@" not in parts.netloc
