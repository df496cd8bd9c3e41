"""What the catcher answers: a list, a mail, and its parts. No mail can run anything, load anything, or be mistaken for a page of ours."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from embedded.catcher import mails
from embedded.catcher.mails import Mail, Part
from embedded.catcher.store import MailStore

LISTED = 200

# Our own pages hold no script, and nobody frames them.
_OURS = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
# A mail has an origin of its own that nothing else has, and may show its styles and inline pictures.
_MAIL = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"


@dataclass(frozen=True)
class Answer:
    """What the browser gets."""

    status: int
    content_type: str
    body: bytes
    policy: str = _OURS
    download: str = ""


NOT_FOUND = Answer(404, "text/plain; charset=utf-8", b"There is no such mail.\n")


def _arrived(name: str) -> str:
    return datetime.fromtimestamp(int(name.partition("-")[0]) / 1e9, UTC).astimezone().strftime("%d/%m %H:%M:%S")


_ENVIRONMENT = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.filters["arrived"] = _arrived


def answer(store: MailStore, path: str) -> Answer:
    """The answer to a GET of `path`: `/`, `/<mail>/`, `/<mail>/html`, `/<mail>/raw` or `/<mail>/<part>`."""
    name, _, rest = path.lstrip("/").partition("/")
    if not name:
        listed = ((name, store.read(name)) for name in store.names()[:LISTED])
        return _page("listing", [(name, mails.read(raw)) for name, raw in listed if raw is not None])
    raw = store.read(name)
    if raw is None:
        return NOT_FOUND
    mail = mails.read(raw)
    if rest == "":
        return _page("single", name, mail)
    if rest == "raw":
        return Answer(200, "text/plain; charset=utf-8", raw, _MAIL)
    return _part(mail, rest)


def _part(mail: Mail, which: str) -> Answer:
    if which == "html":
        html = mail.first("text/html")
        return Answer(200, "text/html; charset=utf-8", html.content, _MAIL) if html else NOT_FOUND
    number = int(which) if which.isascii() and which.isdigit() and len(which) < 4 else -1
    part: Part | None = next((part for part in mail.parts if part.number == number), None)
    # Whatever its sender called it, a browser stores it and opens nothing.
    return Answer(200, "application/octet-stream", part.content, _MAIL, download=part.name or f"part-{number}") if part else NOT_FOUND


def _page(name: str, *values: Any) -> Answer:
    macro = getattr(_ENVIRONMENT.get_template("pages.html").module, name)
    return Answer(200, "text/html; charset=utf-8", str(macro(*values)).strip().encode())
