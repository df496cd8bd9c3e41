"""Addresses that do not exist: noted once, and written to again only for what their owner has just asked for."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

import tasks.mail
from app.accounts import service as accounts
from app.core.outbox import TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.mail import bounces
from app.mail.bounces import MailBounce, Source
from app.mail.message_ids import message_id
from embedded.ports import find_free_port
from tests.conftest import plain
from tests.factories import CandidateFactory, RecruiterFactory
from tests.mail.conftest import ended
from tests.mail.smtp_server import Mailbox

NO_SUCH_USER = "550 5.1.1 no such user"
ROOT = Path(__file__).parents[2]


def noted(mail_app: APIFlask) -> dict[str, tuple[str, int]]:
    with mail_app.app_context():
        return {row.address: (row.reason, row.task_id) for row in db.session.query(MailBounce)}


@pytest.fixture
def recruiter_id(mail_app: APIFlask) -> int:
    with mail_app.app_context(), unit_of_work():
        return int(RecruiterFactory(email="bao@example.com").id)


def test_a_dead_address_is_noted_and_its_task_is_done(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], recruiter_id: int) -> None:
    mailbox.replies["RCPT"] = NO_SUCH_USER
    task_id = accept("mail.recruiter_approved", {"user_id": recruiter_id})

    tasks.mail.recruiter_approved(task_id)

    assert ended(mail_app, task_id) == (TaskState.DONE, None)
    assert noted(mail_app) == {"bao@example.com": (f"The mail server did not take the message: {NO_SUCH_USER}", task_id)}


@pytest.mark.parametrize("reply", ["552 5.2.2 mailbox full", "550 5.7.1 policy", "450 4.1.1 try later"])
def test_what_may_pass_is_not_noted(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], recruiter_id: int, reply: str) -> None:
    mailbox.replies["RCPT"] = reply

    tasks.mail.recruiter_approved(accept("mail.recruiter_approved", {"user_id": recruiter_id}))

    assert noted(mail_app) == {}


def test_a_noted_address_gets_only_what_its_owner_asked_for(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], recruiter_id: int
) -> None:
    with mail_app.app_context(), unit_of_work():
        bounces.note("Bao@Example.com", NO_SUCH_USER, Source.REPLY, 1)
    ids = {name: accept(f"mail.{name}", {"user_id": recruiter_id}) for name in ("recruiter_approved", "password_reset", "verify_email")}

    for name, task_id in ids.items():
        getattr(tasks.mail, name)(task_id)

    assert {name: ended(mail_app, task_id)[0] for name, task_id in ids.items()} == dict.fromkeys(ids, TaskState.DONE)
    assert mailbox.recipients == ["bao@example.com"] * 2
    assert all("/reset-password" in str(raw) or "/verify-email" in str(raw) for raw in mailbox.messages)


@pytest.mark.parametrize("link", ["verify-email", "password/reset"])
def test_following_a_link_proves_that_mail_arrives(mail_app: APIFlask, link: str) -> None:
    with mail_app.app_context(), unit_of_work():
        user = CandidateFactory(email="thao@example.com")
        bounces.note(user.email, NO_SUCH_USER, Source.REPORT, 1)
        token = accounts.verification_token(user) if link == "verify-email" else accounts.reset_token(user)
    body = {"token": token} if link == "verify-email" else {"token": token, "password": "mat-khau-moi"}

    answer = mail_app.test_client().post(f"/api/v1/auth/{link}/", json=body)

    assert answer.status_code == 204
    assert noted(mail_app) == {}


@pytest.fixture
def report(mail_app: APIFlask) -> Callable[..., bytes]:
    """A delivery report about the mail of task 42 to thao@example.com, as servers write them (RFC 3464)."""

    def made(
        *, status: str = "5.1.1", action: str = "failed", to: str = "thao@example.com", returned: str | None = None, whole: bool = False
    ) -> bytes:
        with mail_app.app_context():
            identifier = returned or message_id(42, "thao@example.com", "jobs.example.com")
        head = f"Message-ID: {identifier}\nTo: Thao <{to}>\nSubject: x\n\n"
        about = f"Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} no such user\n"
        text = (
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\nMIME-Version: 1.0\nSubject: Undelivered\n\n'
            "--b\nContent-Type: text/plain\n\nSorry.\n"
            f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n{about}\n"
            f"--b\nContent-Type: {'message/rfc822' if whole else 'text/rfc822-headers'}\n\n{head}{'body' if whole else ''}\n--b--\n"
        )
        return text.encode()

    return made


def pipe(mail_app: APIFlask, raw: bytes) -> tuple[int, str]:
    """What `flask mail bounce` ends with and says."""
    result = mail_app.test_cli_runner().invoke(args=["mail", "bounce"], input=raw)
    return result.exit_code, result.output


@pytest.mark.parametrize("whole", [False, True])
def test_a_report_about_our_mail_notes_its_recipient(mail_app: APIFlask, report: Callable[..., bytes], whole: bool) -> None:
    assert pipe(mail_app, report(whole=whole)) == (0, "noted: thao@example.com\n")
    assert noted(mail_app) == {"thao@example.com": ("5.1.1 550 5.1.1 no such user", 42)}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "4.4.7", "action": "delayed"},
        {"status": "5.2.2"},
        {"status": "5.7.1"},
        {"to": "bao@example.com"},
        {"returned": "<task-42.0123456789abcdef0123@jobs.example.com>"},
        {"returned": "<something-else@example.com>"},
    ],
    ids=["delayed", "full", "policy", "another recipient", "forged", "not ours"],
)
def test_a_report_that_proves_nothing_notes_nobody(mail_app: APIFlask, report: Callable[..., bytes], change: dict[str, str]) -> None:
    assert pipe(mail_app, report(**change)) == (0, "Nothing to note: no mail of ours, or no lasting failure.\n")
    assert noted(mail_app) == {}


def test_a_report_writes_an_international_domain_in_ascii(mail_app: APIFlask, report: Callable[..., bytes]) -> None:
    with mail_app.app_context():
        ours = message_id(42, "thao@tuyểndụng.vn", "jobs.example.com")

    piped = pipe(mail_app, report(to="Thao@XN--tuyndng-3u4cwl.vn", returned=ours))

    assert piped == (0, "noted: thao@tuyểndụng.vn\n")
    with mail_app.app_context():
        assert bounces.is_noted("thao@tuyểndụng.vn")


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("garbled", ['<"".@jobs.example.com>', "<@", "<a@[", "<task-42.0123456789abcdef0123@"])
def test_a_report_with_a_garbled_message_id_proves_nothing(mail_app: APIFlask, report: Callable[..., bytes], garbled: str, whole: bool) -> None:
    assert pipe(mail_app, report(returned=garbled, whole=whole)) == (0, "Nothing to note: no mail of ours, or no lasting failure.\n")
    assert noted(mail_app) == {}


def test_a_server_s_words_are_kept_as_far_as_they_are_text(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], report: Callable[..., bytes], recruiter_id: int
) -> None:
    told = report().replace(b"no such user", b"no\x00such\xff")
    mailbox.replies["RCPT"] = "550 5.1.1 no\x00such"
    dead = accept("mail.recruiter_approved", {"user_id": recruiter_id})
    tasks.mail.recruiter_approved(dead)
    mailbox.replies["RCPT"] = "550 5.7.1 sp\x00am"
    refused = accept("mail.password_reset", {"user_id": recruiter_id})

    tasks.mail.password_reset(refused)
    piped = pipe(mail_app, told)

    assert ended(mail_app, dead) == (TaskState.DONE, None)
    assert ended(mail_app, refused) == (TaskState.DEAD, "The mail server did not take the message: 550 5.7.1 sp\ufffdam")
    assert piped == (0, "noted: thao@example.com\n")
    assert {address: reason for address, (reason, _) in noted(mail_app).items()} == {
        "bao@example.com": "The mail server did not take the message: 550 5.1.1 no\ufffdsuch",
        "thao@example.com": "5.1.1 550 5.1.1 no\ufffdsuch\ufffd",
    }


def test_what_is_no_report_is_data_that_makes_no_sense(mail_app: APIFlask) -> None:
    letter = EmailMessage()
    letter["Subject"] = "Xin chào"
    letter.set_content("Chào bạn")

    assert pipe(mail_app, letter.as_bytes()) == (65, "This is text/plain, not a delivery report (multipart/report).\n")
    assert pipe(mail_app, b"\x00\xff" * 1000)[0] == 65


@pytest.fixture
def alias(mail_app: APIFlask, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Pipes a report to the alias of docs/mail.md as a mail server does: elsewhere than in the checkout."""
    settings = mail_app.extensions["settings"]
    (documented,) = re.findall(r'^no-reply: "\|(.+)"$', (ROOT / "docs" / "mail.md").read_text(), flags=re.MULTILINE)
    flask, *arguments = shlex.split(documented.replace("/srv/app/", f"{ROOT}/"))
    command = [str(Path(sys.executable).with_name(Path(flask).name)), *arguments]

    def piped(raw: bytes, database_url: str = settings.database_url) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "ENVIRONMENT": "test", "DATABASE_URL": plain(database_url), "SECRET_KEY": settings.secret_key}
        return subprocess.run(command, input=raw, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)

    return piped


def test_the_documented_alias_works_where_a_mail_server_runs_it(
    mail_app: APIFlask, report: Callable[..., bytes], alias: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    piped = alias(report())

    assert (piped.returncode, piped.stdout) == (0, b"noted: thao@example.com\n")
    assert noted(mail_app) == {"thao@example.com": ("5.1.1 550 5.1.1 no such user", 42)}


def test_a_report_that_finds_no_database_comes_again(report: Callable[..., bytes], alias: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    piped = alias(report(), f"postgresql://nobody@127.0.0.1:{find_free_port()}/nothing")

    assert piped.returncode == os.EX_TEMPFAIL
    assert piped.stderr.startswith(b"The database is away: connection failed")


def test_operators_see_and_forgive(mail_app: APIFlask) -> None:
    with mail_app.app_context(), unit_of_work():
        bounces.note("thao@example.com", NO_SUCH_USER, Source.REPLY, 1)
    runner = mail_app.test_cli_runner()

    listed = runner.invoke(args=["mail", "bounces"])
    forgiven = runner.invoke(args=["mail", "forgive", "Thao@example.com"])
    again = runner.invoke(args=["mail", "forgive", "thao@example.com"])

    assert "thao@example.com" in listed.output and "1 address(es) in all." in listed.output
    assert (forgiven.exit_code, forgiven.output) == (0, "Thao@example.com is written to again.\n")
    assert (again.exit_code, again.output) == (1, "Error: thao@example.com is not noted.\n")


def test_a_registering_recruiter_is_told_to_wait(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int]) -> None:
    caller: FlaskClient = mail_app.test_client()
    new = {"email": "moi@example.com", "password": "mat-khau", "full_name": "Lê Mới", "user_type": "RECRUITER"}
    user_id = caller.post("/api/v1/auth/register/", json=new).get_json()["id"]

    tasks.mail.recruiter_pending(accept("mail.recruiter_pending", {"user_id": user_id}))

    with mail_app.app_context():
        names = [
            name
            for (name,) in db.session.execute(db.text("SELECT name FROM tasks WHERE args = :args ORDER BY id"), {"args": f'{{"user_id": {user_id}}}'})
        ]
    assert names[:2] == ["mail.verify_email", "mail.recruiter_pending"]
    assert mailbox.recipients == ["moi@example.com"]
