"""The SMTP client: one connection per message, bounded waits, and a clear verdict on every failure.

A reply of 4xx or no reply at all delays a message, 5xx refuses it (RFC 5321, 4.2.1); a server that will not let us in at all is our
own wrong set-up, which an operator may still cure.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import structlog

from app.core.text import storable
from app.mail.errors import AddressDead, MailDelayed, MailRefused
from app.mail.statuses import refuses_address

log = structlog.get_logger()

# Seconds for each single step of the dialogue; a mail task's hard limit is above the usual sum of them.
TIMEOUT = 10
# For the reply to a whole message, which the server may be looking through: whoever leaves before it comes back with a second copy, since the
# server keeps what it has (RFC 5321, 4.5.3.2.6). The hard limit leaves room for this one step.
VERDICT_TIMEOUT = 90


class Tls(StrEnum):
    """How a connection is protected: not, after STARTTLS (RFC 3207), or from the first byte (RFC 8314)."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


_PORTS = {Tls.NONE: 25, Tls.STARTTLS: 587, Tls.IMPLICIT: 465}


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to hand mail over; without `user` nobody logs in."""

    host: str
    port: int
    tls: Tls = Tls.NONE
    user: str = ""
    password: str = ""


def parse_url(url: str) -> SmtpServer:
    """`smtp://user:password@host:port?starttls` or `smtps://...`; special characters are percent-encoded."""
    parts = urlsplit(url)
    wants_starttls = parse_qs(parts.query, keep_blank_values=True).get("starttls", ["0"])[-1].lower() in {"", "1", "true"}
    tls = Tls.IMPLICIT if parts.scheme == "smtps" else Tls.STARTTLS if wants_starttls else Tls.NONE
    return SmtpServer(parts.hostname or "", parts.port or _PORTS[tls], tls, unquote(parts.username or ""), unquote(parts.password or ""))


def send(message: EmailMessage, server: SmtpServer) -> None:
    """Hand over one message to its one recipient. Raises MailDelayed, MailRefused, AddressDead."""
    try:
        connection = _connect(server, local_name=message["From"].addresses[0].domain)
    except (smtplib.SMTPException, OSError) as error:
        raise MailDelayed(f"The mail server lets nobody in: {_explain(error)}") from error
    try:
        connection.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise _verdict(error)(f"The mail server did not take the message: {_explain(error)}") from error
    finally:
        _leave(connection)


class _Patient(smtplib.SMTP):
    """Waits longer for the reply that follows the end of a message than for any other."""

    def send(self, s: Any) -> None:
        super().send(s)
        if self.sock is not None and isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.sock.settimeout(VERDICT_TIMEOUT)

    def getreply(self) -> tuple[int, bytes]:
        reply = super().getreply()
        if self.sock is not None:
            self.sock.settimeout(TIMEOUT)
        return reply


class _PatientSsl(_Patient, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _connect(server: SmtpServer, *, local_name: str) -> smtplib.SMTP:
    if server.tls == Tls.IMPLICIT:
        connection: smtplib.SMTP = _PatientSsl(
            server.host, server.port, local_hostname=local_name, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        connection = _Patient(server.host, server.port, local_hostname=local_name, timeout=TIMEOUT)
    try:
        if server.tls == Tls.STARTTLS:
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _leave(connection: smtplib.SMTP) -> None:
    """Say goodbye. The message's fate is known by now, so a server that fails here must not cause a second copy."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError) as error:
        log.debug("smtp_goodbye_failed", error=_explain(error))
        connection.close()


def _verdict(error: Exception) -> type[Exception]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, words)] = error.recipients.values()
        if refuses_address(code, _text(words)):
            return AddressDead
        return MailRefused if 500 <= code < 600 else MailDelayed
    return MailRefused if _is_final(error) else MailDelayed


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPResponseException):
        return 500 <= error.smtp_code < 600
    # The address needs SMTPUTF8 (RFC 6531) and this server cannot do it.
    return isinstance(error, smtplib.SMTPNotSupportedError)


def _explain(error: Exception) -> str:
    """The server's own words, without credentials or the message."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return f"{code} {_text(words)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(words: bytes | str) -> str:
    return storable(words.decode(errors="replace") if isinstance(words, bytes) else words)
