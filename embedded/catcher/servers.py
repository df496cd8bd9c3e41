"""The two servers of the catcher, both on the loopback interface."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.catcher.mails import read
from embedded.catcher.pages import Answer, answer
from embedded.catcher.store import MailStore
from embedded.ports import LOOPBACK

LARGEST = 32 * 1024 * 1024


class _Taker:
    """What aiosmtpd calls for a message that has arrived."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  The name is aiosmtpd's.
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        hint = read(content).headers.get("Message-ID", "").strip("<>").partition("@")[0]
        return f"250 caught as {self._store.save(content, hint)}"


def smtp_server(store: MailStore, port: int) -> Controller:
    """An SMTP server (RFC 5321, with SMTPUTF8) that keeps everything in `store`; to be started and stopped."""
    return Controller(_Taker(store), hostname=LOOPBACK, port=port, data_size_limit=LARGEST, enable_SMTPUTF8=True)


def web_server(store: MailStore, port: int) -> ThreadingHTTPServer:
    """The server of the pages; to be served until shut down."""

    class Handler(BaseHTTPRequestHandler):
        server_version = "MailCatcher"
        sys_version = ""

        def do_GET(self) -> None:
            here = self.connection.getsockname()[1]
            if self.headers.get("Host") not in {f"{LOOPBACK}:{here}", f"localhost:{here}"}:
                # Another site's name may be made to point here (DNS rebinding); mails hold links that open accounts.
                self._send(Answer(403, "text/plain; charset=utf-8", b"This is served under its own address only.\n"))
                return
            self._send(answer(store, unquote(urlsplit(self.path).path)))

        def _send(self, found: Answer) -> None:
            self.send_response(found.status)
            headers = {"Content-Type": found.content_type, "Content-Length": str(len(found.body)), "Content-Security-Policy": found.policy}
            headers |= {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
            if found.download:
                headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.download, safe='')}"
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:
            """Whoever looks at mails is no news."""

    return ThreadingHTTPServer((LOOPBACK, port), Handler)
