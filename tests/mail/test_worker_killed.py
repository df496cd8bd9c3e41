"""A worker killed between the server's 250 and our commit: the one case of a second mail, and it has the Message-ID of the first."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from apiflask import APIFlask
from sqlalchemy import func, update

import tasks.mail
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.conftest import plain
from tests.mail.conftest import ended
from tests.mail.smtp_server import Mailbox

ROOT = Path(__file__).resolve().parents[2]
_WORKER = """
import os, signal, sys
import tasks.mail

deliver = tasks.mail.transport.deliver

def deliver_and_die(message):
    deliver(message)
    os.kill(os.getpid(), signal.SIGKILL)

tasks.mail.transport.deliver = deliver_and_die
tasks.mail.password_reset(int(sys.argv[1]))
"""


def test_a_mail_that_a_killed_worker_had_handed_over_comes_again_under_the_same_id(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int
) -> None:
    task_id = accept("mail.password_reset", {"user_id": user_id})
    settings = mail_app.extensions["settings"]
    environment = {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": plain(settings.database_url),
        "SECRET_KEY": settings.secret_key,
        "SMTP_URL": mailbox.url,
    }

    died = subprocess.run([sys.executable, "-c", _WORKER, str(task_id)], cwd=ROOT, env=environment, timeout=60, check=False)
    tasks.mail.password_reset(task_id)
    held = (ended(mail_app, task_id)[0], len(mailbox.messages))
    with mail_app.app_context(), unit_of_work():
        db.session.execute(update(Task).values(lease_until=func.clock_timestamp() - timedelta(seconds=1)))
    for _ in range(2):
        tasks.mail.password_reset(task_id)

    assert died.returncode == -signal.SIGKILL
    assert held == (TaskState.RUNNING, 1)
    assert ended(mail_app, task_id) == (TaskState.DONE, None)
    first, second = (message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages)
    assert first["Message-ID"] == second["Message-ID"] and first["To"] == second["To"]
