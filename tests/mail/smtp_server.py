"""A small SMTP server (RFC 5321) for tests: it keeps what it takes, and answers as it is told to."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Mailbox:
    """What has arrived, and how the server behaves: a reply per verb (`RCPT`, `DATA`, `.`, `QUIT` ...), or None to hang up there."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    replies: dict[str, str | None] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("8BITMIME",)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


DEFAULTS = {
    "CONNECT": "220 test ready",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 queued",
    "RSET": "250 ok",
    "QUIT": "221 bye",
    "AUTH": "235 welcome",
}


@contextmanager
def serving(*, certificate: Path | None = None, key: Path | None = None) -> Iterator[Mailbox]:
    """A server on a free port of this machine, until the block ends; with a certificate it speaks TLS from the first byte."""
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            if not self.reply("CONNECT"):
                return
            while line := self.rfile.readline():
                verb = line.decode().split()[0].upper()
                if verb == "RCPT":
                    mailbox.recipients.append(line.decode().split(":", 1)[1].strip(" <>\r\n"))
                if verb == "EHLO":
                    mailbox.verbs.append(verb)
                    lines = ["test", *mailbox.extensions]
                    self.say("\r\n".join(f"250{'-' if text is not lines[-1] else ' '}{text}" for text in lines))
                elif not self.answer(verb):
                    return

        def answer(self, verb: str) -> bool:
            """Whether the dialogue goes on."""
            if not self.reply(verb) or verb == "QUIT":
                return False
            return self.take() if verb == "DATA" and self.told("DATA").startswith("354") else True

        def take(self) -> bool:
            content = b""
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                content += line[1:] if line.startswith(b"..") else line
            if self.told(".").startswith("250"):
                mailbox.messages.append(content)
            return self.reply(".")

        def told(self, verb: str) -> str:
            return mailbox.replies.get(verb, DEFAULTS.get(verb, "502 unknown")) or ""

        def reply(self, verb: str) -> bool:
            mailbox.verbs.append(verb)
            answer = mailbox.replies.get(verb, DEFAULTS.get(verb, "502 unknown"))
            if answer is None:
                return False
            self.say(answer)
            return True

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            connection, address = super().get_request()
            if certificate is not None:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(certificate, key)
                return context.wrap_socket(connection, server_side=True), address
            return connection, address

    with Server(("127.0.0.1", 0), Handler) as server:
        mailbox.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mailbox
        finally:
            server.shutdown()
            thread.join()
