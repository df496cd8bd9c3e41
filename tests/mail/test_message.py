"""Messages that every mail program reads, and that no name or title can bend."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mail.errors import MailRefused
from app.mail.letters import CalendarPart, Letter, Person
from app.mail.message import compose, sender_of
from app.mail.message_ids import task_of

# The ids of messages are signed with the application's key.
pytestmark = pytest.mark.usefixtures("context")

SENDER = sender_of("Jobboard <no-reply@jobs.example.com>")
DATE = datetime(2027, 3, 5, 7, 30, tzinfo=UTC)


def sent(letter: Letter, task_id: int = 42) -> EmailMessage:
    """The message as its receiver parses it."""
    raw = compose(letter, sender=SENDER, task_id=task_id, date=DATE).as_bytes()
    assert raw.isascii(), "a server without 8BITMIME must be able to take it"
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return cast(EmailMessage, message_from_bytes(raw, policy=SMTP))


def test_headers_carry_vietnamese_and_the_tasks_id(letter: Letter) -> None:
    message = sent(letter)

    assert dict(message.items()) == {
        "From": "Jobboard <no-reply@jobs.example.com>",
        "To": "Nguyễn Thị Phương Thảo <thao@example.com>",
        "Subject": "Mời phỏng vấn: Kỹ sư dữ liệu",
        "Date": "Fri, 05 Mar 2027 07:30:00 +0000",
        "Message-ID": message["Message-ID"],
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
        "Content-Language": "vi, en",
    }


def test_a_task_has_one_message_id_that_proves_its_recipient(letter: Letter) -> None:
    first, again, other = sent(letter), sent(letter), sent(letter, task_id=43)

    assert re.fullmatch(r"<task-42\.[0-9a-f]{20}@jobs\.example\.com>", first["Message-ID"])
    assert again["Message-ID"] == first["Message-ID"] != other["Message-ID"]
    assert task_of(first["Message-ID"], "THAO@example.com") == 42
    assert task_of(first["Message-ID"], "bao@example.com") is None
    assert task_of(first["Message-ID"].replace("task-42", "task-43"), "thao@example.com") is None


def test_a_letter_that_one_can_leave_says_how_at_one_click(letter: Letter) -> None:
    message = sent(replace(letter, unsubscribe="https://jobs.example.com/leave?token=abc"))

    assert message["List-Unsubscribe"] == "<https://jobs.example.com/leave?token=abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_text_and_html_say_the_same_in_utf8(letter: Letter) -> None:
    message = sent(letter)

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    assert [body.get_content() for body in bodies if body] == ["Xin chào\r\n", "<p>Xin chào</p>\r\n"]


def test_a_calendar_comes_as_an_alternative_and_as_a_file(letter: Letter) -> None:
    ics = "BEGIN:VCALENDAR\r\nSUMMARY:Phỏng vấn\r\nEND:VCALENDAR\r\n".encode()
    invitation = Letter(letter.to, letter.subject, letter.text, letter.html, calendar=CalendarPart("REQUEST", ics))

    message = sent(invitation)

    alternative, attachment = message.iter_parts()
    inline = list(alternative.iter_parts())[2]
    assert message.get_content_type() == "multipart/mixed"
    assert (inline.get_content_type(), inline.get_param("method"), inline.get_content_charset()) == ("text/calendar", "REQUEST", "utf-8")
    assert inline.get_payload(decode=True) == ics
    assert (attachment.get_filename(), attachment.get_content_type()) == ("invite.ics", "application/ics")
    assert attachment.get_content() == ics


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # The application's key is the same for every example.
@given(name=st.text(max_size=300), subject=st.text(max_size=300))
def test_no_name_or_subject_adds_a_header_or_a_recipient(name: str, subject: str) -> None:
    message = sent(Letter(Person(name, "thao@example.com"), subject, "x", "x", reply_to=Person(name, "bao@example.com")))

    known = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(message.keys()) == known
    assert len(message.keys()) == len(known)
    assert [address.addr_spec for address in message["To"].addresses] == ["thao@example.com"]


def test_a_line_break_in_a_name_becomes_a_space(letter: Letter) -> None:
    hostile = Person("Thảo\r\nBcc: thief@example.com", "thao@example.com")

    message = sent(Letter(hostile, "Một\nhai", letter.text, letter.html))

    assert message["To"].addresses[0].display_name == "Thảo Bcc: thief@example.com"
    assert message["Subject"] == "Một hai"
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sen Viet Trading, Logistics (Da Nang branch), Human Resources, Jobs", "Sen Viet Trading Logistics Da Nang branch Human Resources Jobs"),
        ("Mallory, victim@example.net, " * 4, "Mallory victim example net " * 4),
        ("x" * 100 + ", y", "x" * 100 + " y"),
        ('A "quoted" \\ <thief@example.net>; group: ' * 2, "A quoted thief example net group " * 2),
    ],
)
def test_a_name_too_long_for_a_line_stays_one_name(letter: Letter, name: str, shown: str) -> None:
    message = sent(replace(letter, to=Person(name, "thao@example.com"), reply_to=Person(name, f"{'b' * 40}@example.com")))

    for header, address in (("To", "thao@example.com"), ("Reply-To", f"{'b' * 40}@example.com")):
        assert [(found.display_name, found.addr_spec) for found in message[header].addresses] == [(" ".join(shown.split()), address)]


@pytest.mark.parametrize("address", ["thao@example.com\r\nBcc: thief@example.com", "a@b@c", "", "no-at-sign", "a@exa mple.com"])
def test_an_address_that_is_none_is_refused(letter: Letter, address: str) -> None:
    with pytest.raises(MailRefused):
        compose(Letter(Person("Thảo", address), letter.subject, letter.text, letter.html), sender=SENDER, task_id=1, date=DATE)


def test_an_international_domain_is_written_in_ascii(letter: Letter) -> None:
    message = sent(Letter(Person("Thảo", "thao@tuyểndụng.vn"), letter.subject, letter.text, letter.html))

    assert message["To"].addresses[0].addr_spec == "thao@xn--tuyndng-3u4cwl.vn"


@pytest.mark.parametrize(("to", "answers"), [("thao@example.com", None), ("thảo@example.com", "đức@example.com")])
def test_answers_go_to_an_international_address_only_where_headers_can_hold_it(letter: Letter, to: str, answers: str | None) -> None:
    message = compose(replace(letter, to=Person("Thảo", to), reply_to=Person("Đức", "đức@example.com")), sender=SENDER, task_id=42, date=DATE)

    found = message["Reply-To"]
    assert (found and found.addresses[0].addr_spec) == answers
