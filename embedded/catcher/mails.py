"""A caught mail taken apart, as the page shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

SHOWN_HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


@dataclass(frozen=True)
class Part:
    """One leaf of a mail; `number` counts them from 0."""

    number: int
    content_type: str
    name: str
    content: bytes

    @property
    def text(self) -> str:
        """The content as text, whatever it is."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True)
class Mail:
    """`headers` are those worth showing, decoded; `links` the web addresses of the HTML version."""

    headers: dict[str, str]
    parts: tuple[Part, ...]
    links: tuple[str, ...]

    def first(self, content_type: str) -> Part | None:
        """The first part of that type."""
        return next((part for part in self.parts if part.content_type == content_type), None)


def read(raw: bytes) -> Mail:
    """Take a mail apart; what is broken in it is shown as far as it can be read."""
    message = message_from_bytes(raw, policy=default)
    headers = {name: str(message[name]) for name in SHOWN_HEADERS if message[name] is not None}
    parts = tuple(_parts(message))
    html = next((part for part in parts if part.content_type == "text/html"), None)
    return Mail(headers, parts, _links(html.text) if html else ())


def _parts(message: EmailMessage) -> Iterator[Part]:
    leaves = (part for part in message.walk() if not part.is_multipart())
    for number, part in enumerate(leaves):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            content = b""
        if part.get_content_maintype() == "text":
            content = _in_utf8(content, part.get_content_charset("utf-8"))
        yield Part(number, part.get_content_type(), part.get_filename() or "", content)


def _in_utf8(content: bytes, charset: str) -> bytes:
    try:
        return content.decode(charset, "replace").encode()
    except LookupError:
        # A charset that nobody knows: the bytes are shown as they are.
        return content


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        # A link of another scheme could run a script on our page.
        if tag == "a" and address.startswith(("http://", "https://")):
            self.found[address] = None


def _links(html: str) -> tuple[str, ...]:
    parser = _Links()
    parser.feed(html)
    return tuple(parser.found)
