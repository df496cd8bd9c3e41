"""Handing messages over: to a real SMTP server that behaves well or badly, or into a folder."""

import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from shutil import which
from smtplib import SMTP

import pytest
from flask import Flask

from app.mail import smtp, transport
from app.mail.errors import AddressDead, MailDelayed, MailRefused
from app.mail.letters import Letter, Person
from app.mail.message import compose, sender_of
from app.mail.smtp import SmtpServer, Tls, parse_url
from tests.mail.smtp_server import Mailbox, serving

pytestmark = pytest.mark.usefixtures("context")

SENDER = sender_of("Jobboard <no-reply@jobs.example.com>")


def composed(letter: Letter) -> EmailMessage:
    return compose(letter, sender=SENDER, task_id=42, date=datetime(2027, 3, 5, tzinfo=UTC))


@pytest.fixture
def message(letter: Letter) -> EmailMessage:
    return composed(letter)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 25)),
        ("smtp://mail.example.com?starttls", SmtpServer("mail.example.com", 587, Tls.STARTTLS)),
        ("smtp://mail.example.com:2525?starttls=0", SmtpServer("mail.example.com", 2525)),
        ("smtps://me%40home:p%3Ass%2F@mail.example.com", SmtpServer("mail.example.com", 465, Tls.IMPLICIT, "me@home", "p:ss/")),
    ],
)
def test_an_address_says_where_how_and_as_whom(url: str, server: SmtpServer) -> None:
    assert parse_url(url) == server


def test_the_server_gets_the_message_as_it_was_composed(mailbox: Mailbox, message: EmailMessage) -> None:
    expected = message.as_bytes()

    smtp.send(message, parse_url(mailbox.url))

    assert mailbox.messages == [expected]
    assert mailbox.recipients == ["thao@example.com"]
    assert mailbox.verbs == ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]


def test_with_a_user_the_client_logs_in_first(mailbox: Mailbox, message: EmailMessage) -> None:
    mailbox.extensions = ("AUTH PLAIN",)

    smtp.send(message, parse_url(mailbox.url.replace("//", "//me:secret@")))

    assert mailbox.verbs[:4] == ["CONNECT", "EHLO", "AUTH", "MAIL"]


@pytest.mark.parametrize(
    ("verb", "reply", "verdict", "words"),
    [
        ("RCPT", "550 no such user", AddressDead, "550 no such user"),
        ("RCPT", "550 5.1.1 no such user", AddressDead, "550 5.1.1 no such user"),
        ("RCPT", "551 moved away", AddressDead, "551 moved away"),
        ("RCPT", "550 5.2.1 disabled", AddressDead, "disabled"),
        ("RCPT", "552 5.2.2 mailbox full", MailRefused, "mailbox full"),
        ("RCPT", "550 5.7.1 looks like spam", MailRefused, "looks like spam"),
        ("RCPT", "550 5.1.8 bad sender", MailRefused, "bad sender"),
        ("RCPT", "450 4.1.1 no such user yet", MailDelayed, "450"),
        ("RCPT", "450 try later", MailDelayed, "450 try later"),
        ("RCPT", "421 going down", MailDelayed, "421 going down"),
        ("MAIL", "451 busy", MailDelayed, "451 busy"),
        ("MAIL", "553 sender not allowed", MailRefused, "553 sender not allowed"),
        ("DATA", "452 no room", MailDelayed, "452 no room"),
        (".", "554 looks like spam", MailRefused, "554 looks like spam"),
        (".", "451 greylisted", MailDelayed, "451 greylisted"),
        (".", None, MailDelayed, "closed"),
        ("RCPT", None, MailDelayed, "closed"),
        ("CONNECT", "554 go away", MailDelayed, "554 go away"),
        ("CONNECT", None, MailDelayed, "closed"),
    ],
)
def test_a_failure_is_final_only_when_the_server_says_so(
    mailbox: Mailbox, message: EmailMessage, verb: str, reply: str | None, verdict: type[Exception], words: str
) -> None:
    mailbox.replies[verb] = reply

    with pytest.raises(verdict, match=words) as caught:
        smtp.send(message, parse_url(mailbox.url))

    assert type(caught.value) is verdict
    assert mailbox.messages == []


def test_a_wrong_password_may_be_corrected_and_is_not_shown(mailbox: Mailbox, message: EmailMessage) -> None:
    mailbox.extensions = ("AUTH PLAIN",)
    mailbox.replies["AUTH"] = "535 who are you"

    with pytest.raises(MailDelayed, match="535 who are you") as caught:
        smtp.send(message, parse_url(mailbox.url.replace("//", "//me:secret@")))

    assert "secret" not in str(caught.value)
    assert mailbox.messages == []


@pytest.mark.parametrize("reply", ["421 too late", None])
def test_a_failed_goodbye_does_not_ask_for_a_second_copy(mailbox: Mailbox, message: EmailMessage, reply: str | None) -> None:
    mailbox.replies["QUIT"] = reply

    smtp.send(message, parse_url(mailbox.url))

    assert len(mailbox.messages) == 1


def test_a_server_that_is_away_delays(message: EmailMessage) -> None:
    with serving() as gone:
        url = gone.url

    with pytest.raises(MailDelayed):
        smtp.send(message, parse_url(url))


def test_a_silent_server_is_given_up(message: EmailMessage, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "VERDICT_TIMEOUT", 0.2)
    mailbox.replies["."] = ""  # An empty line is no reply, and none follows.

    with pytest.raises(MailDelayed):
        smtp.send(message, parse_url(mailbox.url))


def test_a_server_may_look_at_a_message_for_longer_than_at_a_command(
    mailbox: Mailbox, message: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float | None] = []
    getreply = SMTP.getreply

    def noted(connection: SMTP) -> tuple[int, bytes]:
        patience.append(connection.sock.gettimeout() if connection.sock else None)
        return getreply(connection)

    monkeypatch.setattr(SMTP, "getreply", noted)

    smtp.send(message, parse_url(mailbox.url))

    waits = dict.fromkeys(("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"), smtp.TIMEOUT)
    assert dict(zip(mailbox.verbs, patience, strict=True)) == {**waits, ".": smtp.VERDICT_TIMEOUT}
    assert smtp.VERDICT_TIMEOUT > smtp.TIMEOUT


def test_starttls_is_not_silently_left_out(mailbox: Mailbox, message: EmailMessage) -> None:
    with pytest.raises(MailDelayed, match="STARTTLS"):
        smtp.send(message, parse_url(f"{mailbox.url}?starttls"))

    assert "MAIL" not in mailbox.verbs


@pytest.mark.skipif(which("openssl") is None, reason="the openssl command makes the certificate: install openssl")
def test_a_certificate_that_nobody_signed_is_not_trusted(message: EmailMessage, tmp_path: Path) -> None:
    subject = ["-subj", "/CN=localhost", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject], check=True, capture_output=True)

    with serving(certificate=tmp_path / "certificate.pem", key=tmp_path / "key.pem") as mailbox:
        url = f"smtps://localhost:{mailbox.port}"
        with pytest.raises(MailDelayed, match="certificate verify failed"):
            smtp.send(message, parse_url(url))
        untrusting = list(mailbox.messages)
        with pytest.MonkeyPatch.context() as trusting:
            trusting.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
            smtp.send(message, parse_url(url))

    assert untrusting == []
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(("extensions", "recipients"), [(("8BITMIME", "SMTPUTF8"), ["đức@example.com"]), ((), [])])
def test_an_international_address_needs_a_server_that_knows_them(
    mailbox: Mailbox, letter: Letter, extensions: tuple[str, ...], recipients: list[str]
) -> None:
    mailbox.extensions = extensions
    international = composed(Letter(Person("Đức", "đức@example.com"), letter.subject, letter.text, letter.html))

    if recipients:
        smtp.send(international, parse_url(mailbox.url))
    else:
        with pytest.raises(MailRefused):
            smtp.send(international, parse_url(mailbox.url))

    assert mailbox.recipients == recipients


def test_without_a_server_the_mail_becomes_a_file_that_only_its_owner_reads(message: EmailMessage, context: Flask, tmp_path: Path) -> None:
    context.config.update(SMTP_URL="", MAIL_FOLDER=str(tmp_path / "mail"))

    for _ in range(2):
        transport.deliver(message)

    [file] = (tmp_path / "mail").iterdir()
    assert file.name == message["Message-ID"].strip("<>").partition("@")[0] + ".eml"
    assert file.read_bytes() == message.as_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
